package site

import (
	"go/scanner"
	"go/token"
	"html"
	"regexp"
	"slices"
	"strings"
)

// A piece of code has a class of the style sheet: k keyword, s string, n number,
// c comment, b built in, f function; or none.
type piece struct {
	class, text string
}

// goBuiltins are names that Go predeclares.
var goBuiltins = strings.Fields("any append bool byte cap clear close complex64 complex128 comparable copy delete error false float32 float64 imag int int8 int16 int32 int64 " +
	"iota len make max min new nil panic print println real recover rune string true uint uint8 uint16 uint32 uint64 uintptr")

// goPieces divides Go code, which need not be a whole file.
func goPieces(code string) []piece {
	var s scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(code))
	s.Init(file, []byte(code), nil, scanner.ScanComments)
	var list []piece
	at := 0
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			break
		}
		start := file.Offset(pos)
		if tok == token.SEMICOLON && literal != ";" || start < at {
			continue // a semicolon that a line's end stands for
		}
		text := literal
		if text == "" {
			text = tok.String()
		}
		// Literals of comments and raw strings have no carriage returns; neither has the code.
		end := min(start+len(text), len(code))
		class := ""
		switch {
		case tok == token.COMMENT:
			class = "c"
		case tok == token.STRING || tok == token.CHAR:
			class = "s"
		case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
			class = "n"
		case tok.IsKeyword():
			class = "k"
		case tok == token.IDENT && strings.HasPrefix(code[end:], "(") && !slices.Contains(goBuiltins, text):
			class = "f"
		case tok == token.IDENT && slices.Contains(goBuiltins, text):
			class = "b"
		}
		list = append(list, piece{"", code[at:start]}, piece{class, code[start:end]})
		at = end
	}
	return append(list, piece{"", code[at:]})
}

var pythonToken = regexp.MustCompile(`(?s)(?P<c>#[^\n]*)|(?P<s>[rfbRFB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|(?P<n>\b\d[\d_.]*(?:e[-+]?\d+)?)|(?P<w>[A-Za-z_]\w*)`)

var (
	pythonKeywords = strings.Fields("and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield")
	pythonBuiltins = strings.Fields("None True False self super print range len zip enumerate isinstance float int list tuple dict set str type sum max min open")
)

// pythonPieces divides Python code.
func pythonPieces(code string) []piece {
	var list []piece
	at := 0
	names := pythonToken.SubexpNames()
	for _, m := range pythonToken.FindAllStringSubmatchIndex(code, -1) {
		text, class := code[m[0]:m[1]], ""
		for i := 1; i < len(names); i++ {
			if m[2*i] >= 0 {
				class = names[i]
			}
		}
		if class == "w" {
			switch class = ""; {
			case slices.Contains(pythonKeywords, text):
				class = "k"
			case slices.Contains(pythonBuiltins, text):
				class = "b"
			case strings.HasPrefix(code[m[1]:], "("):
				class = "f"
			}
		}
		list = append(list, piece{"", code[at:m[0]]}, piece{class, text})
		at = m[1]
	}
	return append(list, piece{"", code[at:]})
}

// highlighted returns code as HTML, with colours for Go and Python.
func highlighted(language, code string) string {
	var pieces []piece
	switch language {
	case "go":
		pieces = goPieces(code)
	case "python":
		pieces = pythonPieces(code)
	default:
		pieces = []piece{{"", code}}
	}
	var b strings.Builder
	for _, p := range pieces {
		switch {
		case p.text == "":
		case p.class == "":
			b.WriteString(html.EscapeString(p.text))
		default:
			b.WriteString(`<span class="` + p.class + `">` + html.EscapeString(p.text) + `</span>`)
		}
	}
	return b.String()
}
