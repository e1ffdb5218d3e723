// Package page is the page of a server, for browsers: its files, embedded.
package page

import (
	"embed"
	"io/fs"
	"sync"

	"github.com/strideml/stride/internal/webstyle"
)

//go:embed files
var files embed.FS

// Site returns the page. It is made at the first call.
var Site = sync.OnceValue(func() *webstyle.Site {
	sub, err := fs.Sub(files, "files")
	if err != nil {
		panic(err) // there is no such folder: a mistake in this package
	}
	site, err := webstyle.New(sub)
	if err != nil {
		panic(err) // as above
	}
	return site
})
