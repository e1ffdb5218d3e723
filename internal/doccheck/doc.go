// Package doccheck has no code, only tests of the documents in Markdown: the
// files, headings and Go names that they mention exist, and each document can be
// reached from README.md.
package doccheck
