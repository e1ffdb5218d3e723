// Package sniff recognizes files that are often found where another was meant:
// what a server or a version control system left in its place, or weights in
// another format.
package sniff

import "bytes"

// Length is how many bytes of a file's beginning [Describe] looks at.
const Length = 512

// magics are the kinds that are known by their first bytes.
var magics = []struct{ start, what string }{
	{"version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the file that it stands for: git lfs pull fetches that"},
	{"../../.git/annex/objects/", "a git-annex pointer, not the file that it stands for: git annex get fetches that"},
	{"/annex/objects/", "a git-annex pointer, not the file that it stands for: git annex get fetches that"},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes"},
	{"\x93NUMPY", "a NumPy array (.npy)"},
	{"GGUF", "a GGUF file, such as llama.cpp reads"},
	{"PK\x03\x04", "a ZIP archive, such as torch.save (.pt, .pth) and numpy.savez write"},
	{"\x80\x02", "a Python pickle, such as older versions of torch.save write (.pt, .pth)"},
	{"\x80\x03", "a Python pickle"},
	{"\x80\x04", "a Python pickle"},
	{"\x80\x05", "a Python pickle"},
	{"\x1f\x8b", "compressed with gzip"},
	{"BZh", "compressed with bzip2"},
	{"\xfd7zXZ\x00", "compressed with xz"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"Rar!\x1a\x07", "a RAR archive"},
	{"%PDF-", "a PDF document"},
	{"\x7fELF", "a program"},
	{"\x89PNG\r\n\x1a\n", "a PNG picture"},
	{"\xff\xd8\xff", "a JPEG picture"},
}

// Describe says what a file is that begins with these bytes, as the end of a
// sentence that begins with "it is". It returns "" for a kind that it does not
// know.
func Describe(start []byte) string {
	start = start[:min(len(start), Length)]
	for _, m := range magics {
		if bytes.HasPrefix(start, []byte(m.start)) {
			return m.what
		}
	}
	if isHTML(start) {
		return "an HTML page, such as a server sends in place of a file that is gone or needs a login"
	}
	if bytes.HasPrefix(start, []byte("<?xml")) {
		return "an XML document, perhaps a server's error message"
	}
	return ""
}

// isHTML knows pages by the tags that they begin with in practice.
func isHTML(start []byte) bool {
	text := bytes.TrimPrefix(start, []byte("\xef\xbb\xbf"))
	text = bytes.ToLower(bytes.TrimLeft(text, " \t\r\n"))
	if bytes.HasPrefix(text, []byte("<!--")) || bytes.HasPrefix(text, []byte("<?xml")) {
		return bytes.Contains(text, []byte("<html")) || bytes.Contains(text, []byte("<!doctype html"))
	}
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<title", "<meta", "<body", "<script"} {
		if bytes.HasPrefix(text, []byte(tag)) {
			return true
		}
	}
	return false
}
