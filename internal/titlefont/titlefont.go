// Package titlefont connects data.ContactSheet with package viz, which finds fonts on
// this machine and which package data does not import: it would bring modules into
// every program that trains.
package titlefont

import "golang.org/x/image/font"

// Find returns a font that has all characters of some titles, and the titles as they are
// to be drawn, with letters and their accents composed. It is nil in programs without
// package viz, which sets it.
var Find func(titles []string) (face font.Face, composed []string, err error)
