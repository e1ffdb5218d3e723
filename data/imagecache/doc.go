// Package imagecache keeps decoded and resized pictures on disk, so that from the
// second epoch on no JPEG is decoded.
//
// A [Cache] is open for one dataset and one way of making its pictures, the
// settings: a folder of the cache belongs to both. In it each picture has a file,
// named by the picture's path, that holds its 8-bit values as they are: a photo of
// 256×341 pixels takes 262 kB. It counts only for the size and the time of change
// that the picture's file had when it was stored.
//
//	dir, err := imagecache.Dir("auto") // or "off", or a folder
//	…
//	cache, err := imagecache.Open(imagecache.Options{Dir: dir}, "/photos", settings)
//
// A nil *Cache is one that is off: it never has a picture and keeps none.
//
// # What can go wrong
//
// Nothing that costs more than time. A file is written under another name and
// renamed when it is whole; a checksum tells one that a crash damaged. Several
// processes may use a cache at once: the last to store a picture wins. When the disk
// is full or fails, the cache stores nothing more and says so once.
//
// # How large it gets
//
// A cache takes at most Options.Limit bytes, 20 GB by default, and at most half of
// what was free on its disk when it was opened; it stores nothing while less than
// 1 GB is free. Where that is not enough for another picture, the folder of the
// dataset that was not used for longest is deleted, if that is more than a day;
// otherwise nothing more is stored, and the pictures that are left are decoded in
// each epoch. Within a dataset nothing is replaced: each epoch reads every picture
// once, so that the least recently used one is the next to be needed.
//
// Each process counts what it found when it opened the cache and what it stored:
// several that fill a cache at once may exceed the limit.
package imagecache
