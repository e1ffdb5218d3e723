// Package fonts finds fonts for the text in pictures: those that are installed on
// this machine, or a file that the caller names.
//
// A [Set] draws each character with the first of its fonts that has it. [Find] adds
// fonts to a set until it has all characters of some texts. A character that cannot
// be drawn is a [MissingError]: nothing is drawn as an empty box, or left out.
//
// Letters are set one after the other, from left to right. Scripts that need more
// than that, such as Arabic or Devanagari, are refused by name.
package fonts
