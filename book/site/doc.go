// Package site makes the web pages of the book: texts in English and Chinese
// with code, what it prints, figures, formulas and live parts, in which the
// library computes in the reader's browser.
//
//	s, err := site.New(site.Options{Live: files})
//	err = s.Write("public")               // plain files for any host
//	http.ListenAndServe(addr, s)          // or served
//
// # What a site consists of
//
//	index.html                chooses the language
//	en/index.html             the front page
//	en/conv.html              a chapter; zh/conv.html is the same in Chinese
//	source/conv/main.go.html  a file of a chapter's program
//	figures/conv/…            its figures
//	assets/…                  style, scripts, KaTeX with its fonts; assets/live has the library
//
// All addresses within it are relative, so that it works in any folder of a host.
// It loads nothing from elsewhere, and its Content-Security-Policy, which each
// page has and which the server sends, lets it load nothing from elsewhere.
//
// # Markdown
//
// The texts are CommonMark with GitHub's tables; package book/internal/markup has
// the blocks that repeat code and output. Beyond that:
//
//	$y = x$, $$y = x$$              formulas, set by KaTeX in the page; without scripts the TeX is shown
//	![description](figures/f.svg)   on a line of its own: a figure with the description below it
//	<!-- live: window {"net": 1} -->  a live part, with options
//	<!-- contents -->               the list of chapters (front page); a list up to <!-- end of contents --> is
//	                                for readers of the file
//	../conv/en.md#edges             another chapter; also within a page, #edges
//	main.go, ../../nn/conv.go       a file of the chapter's program, shown as a page; a file of the repository
//
// Of HTML only details, summary, br, kbd, sub and sup are allowed, without attributes.
// A heading has the same anchor in both languages, made of its English words, so
// that a change of the language keeps the place; links may also use the anchor
// that GitHub makes of a Chinese heading.
package site
