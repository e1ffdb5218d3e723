package pjrt

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// CompileOptions says for which devices a program is compiled, and how. The zero value
// is for one device, the client's first.
type CompileOptions struct {
	// Replicas is how many devices run the program side by side, each with arguments
	// of its own, and Partitions into how many parts the program is cut, each on a
	// device of its own. 0 stands for 1. Replicas × Partitions devices take part in
	// each execution.
	Replicas, Partitions int
	// SPMD lets XLA cut the program into parts along the shardings that it declares
	// (mhlo.sharding). Without it, Partitions > 1 means that the program is already
	// what one part does.
	SPMD bool
	// Devices has the devices' IDs, those of a replica's partitions one after the
	// other. nil is the plugin's choice: its first devices.
	Devices []int
	// AnyDevice compiles a program for one device that can be run on each device of
	// the client, see [ExecuteOptions.Device]. Replicas, Partitions and Devices must
	// be unset.
	AnyDevice bool
	// Flags are XLA's options of this program, such as
	// "xla_gpu_deterministic_ops": true. Values are of type string, bool, int, int64
	// or float64. A plugin refuses a name it does not know. Those of
	// [github.com/strideml/stride/pjrt/plugins.Plugin.Flags] are added.
	Flags Values
}

// count is the number of devices.
func (o *CompileOptions) count() int { return max(o.Replicas, 1) * max(o.Partitions, 1) }

func (o *CompileOptions) check() error {
	if o.Replicas < 0 || o.Partitions < 0 {
		return fmt.Errorf("pjrt: %d replicas and %d partitions", o.Replicas, o.Partitions)
	}
	if o.Devices != nil && len(o.Devices) != o.count() {
		return fmt.Errorf("pjrt: %d devices for %d replicas of %d partitions", len(o.Devices), max(o.Replicas, 1), max(o.Partitions, 1))
	}
	if o.AnyDevice && (o.count() != 1 || o.Devices != nil) {
		return fmt.Errorf("pjrt: a program for any device has neither replicas nor partitions nor devices")
	}
	return nil
}

// Marshal returns the options as a CompileOptionsProto
// (xla/pjrt/proto/compile_options.proto of OpenXLA), the same bytes for the same
// options.
func (o CompileOptions) Marshal() ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	var build []byte
	build = appendVarint(build, 1, math.MaxUint64) // device_ordinal: unset is -1
	build = appendVarint(build, 4, uint64(max(o.Replicas, 1)))
	build = appendVarint(build, 5, uint64(max(o.Partitions, 1)))
	if o.SPMD {
		build = appendVarint(build, 6, 1)
	}
	if o.Devices != nil {
		build = appendBytes(build, 9, o.assignment())
	}
	m := appendBytes(nil, 3, build)
	if o.AnyDevice {
		m = appendVarint(m, 4, 1)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Flags)) {
		value, err := flagValue(o.Flags[name])
		if err != nil {
			return nil, fmt.Errorf("pjrt: compile option %s: %w", name, err)
		}
		entry := appendBytes(nil, 1, []byte(name))
		m = appendBytes(m, 7, appendBytes(entry, 2, value))
	}
	return m, nil
}

// marshal adds the flags that the plugin needs.
func (c *Client) marshal(o CompileOptions) ([]byte, error) {
	flags := Values{}
	maps.Copy(flags, c.plugin.found.Flags)
	maps.Copy(flags, o.Flags)
	o.Flags = flags
	return o.Marshal()
}

// assignment is o.Devices as a DeviceAssignmentProto: for each partition the devices
// of the replicas.
func (o *CompileOptions) assignment() []byte {
	replicas, partitions := max(o.Replicas, 1), max(o.Partitions, 1)
	m := appendVarint(nil, 1, uint64(replicas))
	m = appendVarint(m, 2, uint64(partitions))
	for p := range partitions {
		var ids []byte
		for r := range replicas {
			ids = protowire.AppendVarint(ids, uint64(o.Devices[r*partitions+p]))
		}
		m = appendBytes(m, 3, appendBytes(nil, 1, ids))
	}
	return m
}

// flagValue is an OptionOverrideProto.
func flagValue(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return appendBytes(nil, 1, []byte(v)), nil
	case bool:
		return appendVarint(nil, 2, protowire.EncodeBool(v)), nil
	case int:
		return appendVarint(nil, 3, uint64(v)), nil
	case int64:
		return appendVarint(nil, 3, uint64(v)), nil
	case float64:
		return protowire.AppendFixed64(protowire.AppendTag(nil, 4, protowire.Fixed64Type), math.Float64bits(v)), nil
	}
	return nil, fmt.Errorf("a value of type %T: want string, bool, int, int64 or float64", v)
}

func appendVarint(m []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), v)
}

func appendBytes(m []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), v)
}

// Compile compiles a program: a module in StableHLO's text or bytecode form with a
// public function main. It may take minutes for a large network. A parameter of main
// with the attribute tf.aliasing_output donates its memory to that output.
func (c *Client) Compile(module string, options CompileOptions) (*Executable, error) {
	marshalled, err := c.marshal(options)
	if err != nil {
		return nil, err
	}
	const format = "mlir"
	code := []byte(module) // main memory that the plugin may write to
	p := &program{
		code: unsafe.Pointer(unsafe.SliceData(code)), codeSize: uintptr(len(code)),
		format: unsafe.Pointer(unsafe.StringData(format)), formatSize: uintptr(len(format)),
	}
	p.size = unsafe.Sizeof(*p)
	args := &compileArgs{program: p, options: unsafe.Pointer(unsafe.SliceData(marshalled)), optionsSize: uintptr(len(marshalled))}
	args.size = unsafe.Sizeof(*args)
	return c.load(func(client uintptr) (uintptr, error) {
		args.client = client
		err := c.plugin.invoke(clientCompile, unsafe.Pointer(args))
		return args.executable, err
	})
}

// Deserialize loads what [Executable.Serialize] returned. The plugin must be of the
// same version and the devices of the same kind; an error says that they are not, but
// a plugin may also crash on damaged bytes: check that they are whole.
func (c *Client) Deserialize(serialized []byte, options CompileOptions) (*Executable, error) {
	marshalled, err := c.marshal(options)
	if err != nil {
		return nil, err
	}
	args := &deserializeArgs{
		serialized: unsafe.Pointer(unsafe.SliceData(serialized)), serializedSize: uintptr(len(serialized)),
		options: unsafe.Pointer(unsafe.SliceData(marshalled)), optionsSize: uintptr(len(marshalled)),
	}
	args.size = unsafe.Sizeof(*args)
	return c.load(func(client uintptr) (uintptr, error) {
		args.client = client
		err := c.plugin.invoke(executableDeserializeAndLoad, unsafe.Pointer(args))
		return args.executable, err
	})
}

// load makes an Executable of the PJRT_LoadedExecutable that get returns.
func (c *Client) load(get func(client uintptr) (uintptr, error)) (*Executable, error) {
	var e *Executable
	err := c.h.with(func(client uintptr) error {
		ptr, err := get(client)
		if err != nil {
			return err
		}
		e = &Executable{client: c, h: newHandle(c.plugin, "executable", loadedExecutableDestroy, ptr, c.h)}
		runtime.AddCleanup(e, (*handle).close, e.h)
		return e.describe(ptr)
	})
	if err != nil {
		if e != nil {
			e.Close()
		}
		return nil, err
	}
	return e, nil
}
