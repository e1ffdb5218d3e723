package pjrt

import (
	"fmt"
	"math"
	"runtime"
	"structs"
	"unsafe"
)

// The struct PJRT_Api begins with its size and a pointer to extensions, followed by
// the version: a size, a pointer to extensions, and two 32-bit numbers. Then come
// function pointers.
type apiHeader struct {
	_           structs.HostLayout
	size        uintptr
	extension   uintptr
	versionSize uintptr
	versionExt  uintptr
	major       int32
	minor       int32
}

const (
	functionsStart = unsafe.Sizeof(apiHeader{})
	wordSize       = unsafe.Sizeof(uintptr(0))
)

// Every function takes one pointer to a struct of arguments and results, whose first
// words are its size and a pointer to extensions. Here are the structs with more than
// an object and two or three results, which words describes. Pointers into Go's memory
// have Go types, so that what they point to stays while the struct is in use; pointers
// into the plugin's memory are of type uintptr.

// namedValue is PJRT_NamedValue.
type namedValue struct {
	_         structs.HostLayout
	size      uintptr
	extension uintptr
	name      unsafe.Pointer
	nameSize  uintptr
	kind      int32
	_         int32
	value     [8]byte // a pointer, an int64, a float32 or a bool
	valueSize uintptr
}

// The kinds of a namedValue.
const (
	kindString = iota
	kindInt64
	kindInt64List
	kindFloat
	kindBool
)

type clientCreateArgs struct {
	_           structs.HostLayout
	size        uintptr
	extension   uintptr
	options     *namedValue
	numOptions  uintptr
	kvGet       uintptr
	kvGetArg    uintptr
	kvPut       uintptr
	kvPutArg    uintptr
	client      uintptr // out
	kvTryGet    uintptr
	kvTryGetArg uintptr
}

type program struct {
	_          structs.HostLayout
	size       uintptr
	extension  uintptr
	code       unsafe.Pointer
	codeSize   uintptr
	format     unsafe.Pointer
	formatSize uintptr
}

type compileArgs struct {
	_           structs.HostLayout
	size        uintptr
	extension   uintptr
	client      uintptr
	program     *program
	options     unsafe.Pointer
	optionsSize uintptr
	executable  uintptr // out
}

type optimizedArgs struct {
	_          structs.HostLayout
	size       uintptr
	extension  uintptr
	executable uintptr
	program    *program
}

type deserializeArgs struct {
	_              structs.HostLayout
	size           uintptr
	extension      uintptr
	client         uintptr
	serialized     unsafe.Pointer
	serializedSize uintptr
	executable     uintptr // out
	options        unsafe.Pointer
	optionsSize    uintptr
	loadOptions    uintptr
}

type fromHostArgs struct {
	_              structs.HostLayout
	size           uintptr
	extension      uintptr
	client         uintptr
	data           unsafe.Pointer
	elementType    int32
	_              int32
	dims           *int64
	numDims        uintptr
	byteStrides    *int64
	numByteStrides uintptr
	semantics      int32
	_              int32
	device         uintptr
	memory         uintptr
	layout         uintptr
	done           uintptr // out: an event
	buffer         uintptr // out
}

// immutableOnlyDuringCall is the value of PJRT_HostBufferSemantics that is used here.
const immutableOnlyDuringCall = 0

// memoryLayout is PJRT_Buffer_MemoryLayout with its tiled variant.
type memoryLayout struct {
	_                structs.HostLayout
	size             uintptr
	extension        uintptr
	tiledSize        uintptr
	tiledExtension   uintptr
	minorToMajor     *int64
	minorToMajorSize uintptr
	tileDims         uintptr
	tileDimSizes     uintptr
	numTiles         uintptr
	kind             int32 // 0: tiled
	_                int32
}

type toHostArgs struct {
	_         structs.HostLayout
	size      uintptr
	extension uintptr
	buffer    uintptr
	layout    *memoryLayout
	dst       unsafe.Pointer
	dstSize   uintptr
	event     uintptr // out
}

type executeOptions struct {
	_               structs.HostLayout
	size            uintptr
	extension       uintptr
	sendCallbacks   uintptr
	recvCallbacks   uintptr
	numSendOps      uintptr
	numRecvOps      uintptr
	launchID        int32
	_               int32
	nonDonatable    *int64
	numNonDonatable uintptr
	context         uintptr
	callLocation    uintptr
	numTasks        uintptr
	taskIDs         uintptr
	incarnationIDs  uintptr
	multiSlice      uintptr
}

type executeArgs struct {
	_          structs.HostLayout
	size       uintptr
	extension  uintptr
	executable uintptr
	options    *executeOptions
	arguments  *unsafe.Pointer // for each device a list of buffers
	numDevices uintptr
	numArgs    uintptr
	outputs    *unsafe.Pointer // out: for each device a list of buffers
	complete   *uintptr        // out: for each device an event
	device     uintptr
}

type onReadyArgs struct {
	_         structs.HostLayout
	size      uintptr
	extension uintptr
	event     uintptr
	callback  uintptr
	arg       uintptr
}

type memoryStatsArgs struct {
	_         structs.HostLayout
	size      uintptr
	extension uintptr
	device    uintptr
	inUse     int64
	stats     [10]struct {
		value int64
		isSet bool
	}
}

type compiledMemoryArgs struct {
	_          structs.HostLayout
	size       uintptr
	extension  uintptr
	executable uintptr
	device     [5]int64 // code, arguments, outputs, aliased, temporary
	host       [5]int64
	peak       int64
	total      int64
	_          [3]int64
}

// result is the size in bytes of the last result of a struct that words describes; the
// size that is passed to the plugin has no padding at the end.
const (
	resultBool = 1
	resultInt  = 4
	resultWord = 8
)

// words calls a function whose struct is object, then n results, the last of which is
// last bytes large.
func (p *Plugin) words(f function, object uintptr, n int, last uintptr) (results [3]uintptr, err error) {
	var args struct {
		size, extension, object uintptr
		results                 [3]uintptr
	}
	args.size = 3 * wordSize
	if n > 0 {
		args.size += uintptr(n-1)*wordSize + last
	}
	args.object = object
	err = p.invoke(f, unsafe.Pointer(&args))
	return args.results, err
}

// do calls a function that takes an object and returns nothing.
func (p *Plugin) do(f function, object uintptr) error {
	_, err := p.words(f, object, 0, 0)
	return err
}

func (p *Plugin) text(f function, object uintptr) (string, error) {
	r, err := p.words(f, object, 2, resultWord)
	return goString(r[0], r[1]), err
}

func (p *Plugin) number(f function, object uintptr) (int, error) {
	r, err := p.words(f, object, 1, resultInt)
	return int(int32(r[0])), err
}

func (p *Plugin) word(f function, object uintptr) (uintptr, error) {
	r, err := p.words(f, object, 1, resultWord)
	return r[0], err
}

func (p *Plugin) truth(f function, object uintptr) (bool, error) {
	r, err := p.words(f, object, 1, resultBool)
	return r[0]&0xff != 0, err
}

// pointer is the memory of the plugin at address p. The indirection is for go vet,
// which takes uintptrs for addresses in Go's memory, where objects may be freed.
func pointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// at returns a view of n values in the memory of the plugin.
func at[T any](p, n uintptr) []T {
	if p == 0 || n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(pointer(p)), n)
}

// goString copies a string from the plugin.
func goString(p, n uintptr) string { return string(at[byte](p, n)) }

// toInts copies a list of dimensions from the plugin.
func toInts(dims []int64) []int {
	ints := make([]int, len(dims))
	for i, d := range dims {
		ints[i] = int(d)
	}
	return ints
}

func toInt64s(ints []int) []int64 {
	list := make([]int64, len(ints))
	for i, d := range ints {
		list[i] = int64(d)
	}
	return list
}

// Values are options or attributes by name. A value is of type string, int64,
// []int64, float32 or bool. As options int and float64 are taken, too.
type Values map[string]any

// named makes PJRT's form of v. pin keeps the strings and lists in place.
func (v Values) named(pin *runtime.Pinner) ([]namedValue, error) {
	list := make([]namedValue, 0, len(v))
	for name, value := range v {
		if value == nil {
			continue
		}
		n := namedValue{size: unsafe.Sizeof(namedValue{}), nameSize: uintptr(len(name)), valueSize: 1}
		n.name = unsafe.Pointer(unsafe.StringData(name))
		pinned(pin, n.name)
		word := (*uint64)(unsafe.Pointer(&n.value))
		list64 := []int64(nil)
		switch value := value.(type) {
		case string:
			n.kind, n.valueSize = kindString, uintptr(len(value))
			p := unsafe.Pointer(unsafe.StringData(value))
			pinned(pin, p)
			*word = uint64(uintptr(p))
		case int:
			n.kind, *word = kindInt64, uint64(value)
		case int64:
			n.kind, *word = kindInt64, uint64(value)
		case []int64:
			list64 = append(list64, value...)
			n.kind, n.valueSize = kindInt64List, uintptr(len(value))
			p := unsafe.Pointer(unsafe.SliceData(list64))
			pinned(pin, p)
			*word = uint64(uintptr(p))
		case float32:
			n.kind, *word = kindFloat, uint64(math.Float32bits(value))
		case float64:
			n.kind, *word = kindFloat, uint64(math.Float32bits(float32(value)))
		case bool:
			n.kind = kindBool
			if value {
				*word = 1
			}
		default:
			return nil, fmt.Errorf("pjrt: option %s is of type %T: want string, int64, []int64, float32 or bool", name, value)
		}
		list = append(list, n)
	}
	return list, nil
}

// pinned keeps the object that p points to alive and in place until pin is undone.
func pinned(pin *runtime.Pinner, p unsafe.Pointer) {
	if p != nil {
		pin.Pin(p)
	}
}

// values copies a list of named values from the plugin.
func values(p, n uintptr) Values {
	v := Values{}
	for i := range n {
		// A newer plugin may have larger elements.
		each := (*namedValue)(pointer(p))
		stride := max(each.size, unsafe.Sizeof(namedValue{}))
		each = (*namedValue)(pointer(p + i*stride))
		name := string(unsafe.Slice((*byte)(each.name), each.nameSize))
		word := *(*uint64)(unsafe.Pointer(&each.value))
		switch each.kind {
		case kindString:
			v[name] = goString(uintptr(word), each.valueSize)
		case kindInt64:
			v[name] = int64(word)
		case kindInt64List:
			v[name] = append([]int64(nil), at[int64](uintptr(word), each.valueSize)...)
		case kindFloat:
			v[name] = math.Float32frombits(uint32(word))
		case kindBool:
			v[name] = word&0xff != 0
		}
	}
	return v
}
