package imagecache

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data/raster"
)

// A file is a header, the picture's path, its warning and its values. All numbers
// are little endian.
//
//	 0  magic
//	 8  size of the picture's file
//	16  its time of change, in nanoseconds since 1970
//	24  channels, height, width
//	36  length of the path, length of the warning
//	44  CRC-32 (Castagnoli) of all else
const (
	magic      = "stride\x01\n"
	headerSize = 48
	mostText   = 1 << 16 // bytes of a path or a warning
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func fileSize(k Key, r *raster.Raster, warning string) int64 {
	return headerSize + int64(len(k.Path)) + int64(len(warning)) + int64(len(r.Pix))
}

// head is the file up to the values, without the checksum.
func head(k Key, r *raster.Raster, warning string) []byte {
	b := make([]byte, 0, headerSize+len(k.Path)+len(warning))
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(k.Size))
	b = binary.LittleEndian.AppendUint64(b, uint64(k.ModTime.UnixNano()))
	for _, n := range []int{r.Channels, r.Height, r.Width, len(k.Path), len(warning), 0} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, k.Path...)
	return append(b, warning...)
}

func sum(head, pixels []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, pixels)
}

// writeFile writes a picture. It is not flushed to disk: the checksum tells if a
// crash has damaged it.
func writeFile(path string, k Key, r *raster.Raster, warning string) error {
	start := head(k, r, warning)
	binary.LittleEndian.PutUint32(start[headerSize-4:], sum(start, r.Pix))
	f, err := os.CreateTemp(filepath.Dir(path), tempStart+"*")
	if err != nil {
		return err
	}
	_, err = f.Write(start)
	if err == nil {
		_, err = f.Write(r.Pix)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// readFile reads a picture into r. It reports false if there is none, or one that is
// damaged or of another version of the picture's file.
func readFile(path string, k Key, r *raster.Raster) (warning string, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < headerSize {
		return "", false
	}
	var header [headerSize]byte
	if _, err := io.ReadFull(f, header[:]); err != nil || string(header[:len(magic)]) != magic {
		return "", false
	}
	number := func(at int) int64 { return int64(binary.LittleEndian.Uint32(header[at:])) }
	channels, height, width, path2, text := number(24), number(28), number(32), number(36), number(40)
	if channels < 1 || height < 1 || width < 1 || path2 != int64(len(k.Path)) || text > mostText ||
		channels > info.Size() || height > info.Size()/channels || width > info.Size()/channels/height ||
		info.Size() != headerSize+path2+text+channels*height*width {
		return "", false
	}
	texts := make([]byte, path2+text)
	if _, err := io.ReadFull(f, texts); err != nil {
		return "", false
	}
	warning = string(texts[path2:])
	r.Channels, r.Height, r.Width = int(channels), int(height), int(width)
	if size := r.Channels * r.Height * r.Width; cap(r.Pix) >= size {
		r.Pix = r.Pix[:size]
	} else {
		r.Pix = make([]byte, size)
	}
	if _, err := io.ReadFull(f, r.Pix); err != nil {
		return "", false
	}
	// What is expected, with its checksum, is what must be there.
	want := head(k, r, warning)
	binary.LittleEndian.PutUint32(want[headerSize-4:], sum(want, r.Pix))
	return warning, string(want[:headerSize]) == string(header[:]) && string(want[headerSize:]) == string(texts)
}
