package sniff

import (
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	for _, c := range []struct{ start, want string }{
		{"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "a Git LFS pointer"},
		{"../../.git/annex/objects/aa/bb/x", "a git-annex pointer"},
		{"<!DOCTYPE html>", "an HTML page"},
		{"\xef\xbb\xbf\n<HTML lang=en>", "an HTML page"},
		{"<!-- saved -->\n<html>", "an HTML page"},
		{`<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">`, "an HTML page"},
		{`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, "an XML document"},
		{"PK\x03\x04\x14", "a ZIP archive"},
		{"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "a Python pickle"},
		{"\x80\x04\x95", "a Python pickle"},
		{"\x89HDF\r\n\x1a\n", "an HDF5 file"},
		{"\x1f\x8b\x08", "compressed with gzip"},
		{"", ""},
		{"<", ""},
		{"plain text", ""},
		{"\x00\x00\x08\x03\x00\x00\xea\x60", ""}, // IDX
		{"<!-- a comment --> and text", ""},
		{"version 2", ""},
		{strings.Repeat(" ", Length) + "<html>", ""},
	} {
		if got := Describe([]byte(c.start)); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%.40q is %q, want %q", c.start, got, c.want)
		}
	}
}
