// Package atomicfile replaces files so that a reader, or a program that runs
// after a crash, finds the old content or the new one and never a part.
//
// A file is written to a temporary file beside it, flushed to disk and then
// renamed over it. On Unix the folder is flushed too, so that the rename
// itself survives a power failure; elsewhere this is not possible and the
// rename may be lost, though not the old content.
//
// A process that is killed in the middle leaves a file named
// ".NAME.XXXXXXXX.tmp" behind, which can be deleted. Two writers of one file
// do not disturb each other; the one that finishes last wins.
package atomicfile
