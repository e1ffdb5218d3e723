package pjrt

import (
	"fmt"
	"path/filepath"
	"sync"
	"unsafe"

	"github.com/strideml/stride/pjrt/plugins"
)

// A Version is a version of the PJRT C API.
type Version struct{ Major, Minor int }

// String returns a version such as "0.115".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// The versions of the API that this package understands: the major version, and the
// first minor version with today's order of functions. A plugin that is newer only has
// more functions.
const (
	MajorVersion    = 0
	MinMinorVersion = 57
)

// A Plugin is a loaded shared library that implements the PJRT C API.
type Plugin struct {
	path      string
	version   Version
	functions []uintptr // the function pointers of PJRT_Api
	found     plugins.Plugin
	// call calls a function of the plugin; tests replace it.
	call func(fn uintptr, args unsafe.Pointer) uintptr
}

var loaded struct {
	sync.Mutex
	byPath map[string]*Plugin
}

// Load loads the plugin in the file at path and initializes it. Loading a file a second
// time returns the same Plugin. A plugin cannot be unloaded. [plugins.Find] says which
// plugins there are.
//
// Libraries that the plugin needs and that pip installed beside it, such as NVIDIA's,
// are loaded first ([plugins.Plugin.Preload]).
//
// The error says whether the file is missing, is not a shared library, needs a library
// that is missing, is not a PJRT plugin, or implements another version of the API.
func Load(path string) (*Plugin, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return nil, fmt.Errorf("pjrt: load a plugin: %w", err)
	}
	loaded.Lock()
	defer loaded.Unlock()
	if p := loaded.byPath[real]; p != nil {
		return p, nil
	}
	found := plugins.At(path)
	if found.Platform == "" { // a link may have a name that says nothing
		found = plugins.At(real)
	}
	// A library that cannot be loaded is missed later, and the plugin says so.
	preload(found.Preload)
	api, err := open(real)
	if err != nil {
		return nil, err
	}
	p, err := newPlugin(path, api, call)
	if err != nil {
		return nil, err
	}
	p.found = found
	if loaded.byPath == nil {
		loaded.byPath = map[string]*Plugin{}
	}
	loaded.byPath[real] = p
	return p, nil
}

// newPlugin checks the PJRT_Api of a plugin and initializes it.
func newPlugin(path string, api unsafe.Pointer, call func(uintptr, unsafe.Pointer) uintptr) (*Plugin, error) {
	header := (*apiHeader)(api)
	p := &Plugin{path: path, version: Version{int(header.major), int(header.minor)}, call: call}
	// The smallest struct that was ever in use, and more than any will be.
	if header.size < functionsStart+60*wordSize || header.size > 1<<16 || header.size%wordSize != 0 {
		return nil, fmt.Errorf("pjrt: GetPjrtApi of %s returned a struct of %d bytes, which is not a PJRT_Api", path, header.size)
	}
	if p.version.Major != MajorVersion {
		return nil, fmt.Errorf("pjrt: the plugin %s implements PJRT %s, but this package needs version %d.x: look for a build of the plugin with that version",
			path, p.version, MajorVersion)
	}
	if p.version.Minor < MinMinorVersion {
		return nil, fmt.Errorf("pjrt: the plugin %s implements PJRT %s, which has another order of functions: at least %d.%d is needed, take a newer plugin",
			path, p.version, MajorVersion, MinMinorVersion)
	}
	n := (header.size - functionsStart) / wordSize
	p.functions = append(p.functions, unsafe.Slice((*uintptr)(unsafe.Add(api, functionsStart)), n)...)
	args := struct{ size, extension uintptr }{size: 2 * wordSize}
	if err := p.invoke(pluginInitialize, unsafe.Pointer(&args)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Path is the path that was given to [Load].
func (p *Plugin) Path() string { return p.path }

// Version is the version of the API that the plugin implements.
func (p *Plugin) Version() Version { return p.version }

// Found is what package plugins knows of the file.
func (p *Plugin) Found() plugins.Plugin { return p.found }

// Attributes returns what the plugin says of itself, such as xla_version,
// stablehlo_current_version and stablehlo_minimum_version.
func (p *Plugin) Attributes() (Values, error) {
	var args struct{ size, extension, attributes, num uintptr }
	args.size = unsafe.Sizeof(args)
	if err := p.invoke(pluginAttributes, unsafe.Pointer(&args)); err != nil {
		return nil, err
	}
	return values(args.attributes, args.num), nil
}

// invoke calls a function of the plugin and turns its error into Go's. args points to
// a struct on the heap.
func (p *Plugin) invoke(f function, args unsafe.Pointer) error {
	if int(f) >= len(p.functions) || p.functions[f] == 0 {
		return &MissingError{Plugin: p.path, Version: p.version, Function: f.String()}
	}
	return p.error(f, p.call(p.functions[f], args))
}

// error turns a PJRT_Error into Go's and frees it.
func (p *Plugin) error(f function, ptr uintptr) error {
	if ptr == 0 {
		return nil
	}
	e := &Error{Op: f.String(), Code: Unknown}
	message := &struct{ size, extension, err, text, textSize uintptr }{size: 5 * wordSize, err: ptr}
	p.call(p.functions[errorMessage], unsafe.Pointer(message))
	e.Message = goString(message.text, message.textSize)
	code := &struct {
		size, extension, err uintptr
		code                 int32
	}{size: 3*wordSize + resultInt, err: ptr}
	if second := p.call(p.functions[errorGetCode], unsafe.Pointer(code)); second == 0 {
		e.Code = Code(code.code)
	} else {
		p.free(second)
	}
	p.free(ptr)
	return e
}

// free destroys a PJRT_Error.
func (p *Plugin) free(ptr uintptr) {
	p.call(p.functions[errorDestroy], unsafe.Pointer(&struct{ size, extension, err uintptr }{size: 3 * wordSize, err: ptr}))
}
