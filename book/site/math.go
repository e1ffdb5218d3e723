package site

import (
	"bytes"
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// A formula is a formula in TeX within a line.
type formula struct {
	ast.BaseInline
	tex     string
	display bool
}

var kindFormula = ast.NewNodeKind("Formula")

func (*formula) Kind() ast.NodeKind          { return kindFormula }
func (n *formula) Dump(source []byte, l int) { ast.DumpHelper(n, source, l, nil, nil) }

// A displayed formula stands on lines of its own.
type displayed struct {
	ast.BaseBlock
	open bool // its end has not been found
}

var kindDisplayed = ast.NewNodeKind("DisplayedFormula")

func (*displayed) Kind() ast.NodeKind          { return kindDisplayed }
func (*displayed) IsRaw() bool                 { return true }
func (n *displayed) Dump(source []byte, l int) { ast.DumpHelper(n, source, l, nil, nil) }

// formulas parses $…$, and $$…$$ within a paragraph.
type formulas struct{}

func (formulas) Trigger() []byte { return []byte{'$'} }

// Parse follows Pandoc: what follows the first dollar is no space, what precedes
// the second is no space, and no digit follows it. So "5 $ and 6 $" is text.
func (formulas) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	mark := 1
	if bytes.HasPrefix(line, []byte("$$")) {
		mark = 2
	}
	rest := line[mark:]
	for i := 0; i < len(rest); i++ {
		if rest[i] == '\\' {
			i++
			continue
		}
		if !bytes.HasPrefix(rest[i:], line[:mark]) {
			continue
		}
		tex := rest[:i]
		after := rest[i+mark:]
		if len(bytes.TrimSpace(tex)) == 0 || mark == 1 && (unicode.IsSpace(rune(tex[0])) || unicode.IsSpace(rune(tex[i-1])) ||
			len(after) > 0 && after[0] >= '0' && after[0] <= '9') {
			return nil
		}
		block.Advance(i + 2*mark)
		return &formula{tex: string(bytes.TrimSpace(tex)), display: mark == 2}
	}
	return nil
}

// displayedFormulas parses $$ … $$ that begins a line.
type displayedFormulas struct{}

func (displayedFormulas) Trigger() []byte { return []byte{'$'} }

func (displayedFormulas) Open(_ ast.Node, reader text.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(line, " "), []byte("$$"))
	if !ok {
		return nil, parser.NoChildren
	}
	node := &displayed{open: true}
	start := segment.Start + len(line) - len(rest)
	if end := bytes.Index(rest, []byte("$$")); end >= 0 {
		if len(bytes.TrimSpace(rest[end+2:])) > 0 {
			return nil, parser.NoChildren // text follows: a paragraph
		}
		node.open = false
		node.Lines().Append(text.NewSegment(start, start+end))
	} else {
		node.Lines().Append(text.NewSegment(start, start+len(rest)))
	}
	reader.AdvanceToEOL()
	return node, parser.NoChildren
}

func (displayedFormulas) Continue(n ast.Node, reader text.Reader, _ parser.Context) parser.State {
	node := n.(*displayed)
	if !node.open {
		return parser.Close
	}
	line, segment := reader.PeekLine()
	if end := bytes.Index(line, []byte("$$")); end >= 0 {
		node.open = false
		node.Lines().Append(text.NewSegment(segment.Start, segment.Start+end))
	} else {
		node.Lines().Append(segment)
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (displayedFormulas) Close(ast.Node, text.Reader, parser.Context) {}
func (displayedFormulas) CanInterruptParagraph() bool                 { return true }
func (displayedFormulas) CanAcceptIndentedLine() bool                 { return false }
