package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"syscall/js"

	"github.com/strideml/stride/book/live"
)

// host is the object that the worker gives.
var host = js.Global().Get("stride")

// calls are the functions that cancel the calls under way, by their numbers. Only the
// callbacks of JavaScript and the ends of calls use it, and they run one at a time.
var calls = map[int]context.CancelCauseFunc{}

var errStopped = errors.New("the call was stopped")

func main() {
	if host.IsUndefined() {
		panic("wasm: there is no object stride: this program is run by worker.js")
	}
	session := live.New(live.Host{Fetch: fetch, Turn: turn})
	functions := js.Global().Get("Object").New()
	functions.Set("call", js.FuncOf(func(_ js.Value, args []js.Value) any {
		id := args[0].Int()
		ctx, cancel := context.WithCancelCause(context.Background())
		calls[id] = cancel
		go answer(ctx, session, id, args[1].String(), args[2])
		return nil
	}))
	functions.Set("cancel", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if cancel := calls[args[0].Int()]; cancel != nil {
			cancel(errStopped)
		}
		return nil
	}))
	host.Call("ready", functions)
	select {}
}

// answer computes a call and posts its result.
func answer(ctx context.Context, session *live.Session, id int, name string, args js.Value) {
	defer func() {
		calls[id](nil)
		delete(calls, id)
	}()
	result, err := compute(ctx, session, id, name, args)
	if err != nil {
		host.Call("post", id, "error", err.Error(), js.Global().Get("Array").New())
		return
	}
	post(id, "result", result)
}

func compute(ctx context.Context, session *live.Session, id int, name string, args js.Value) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: a mistake of the library: %v\n%s", name, p, debug.Stack())
		}
	}()
	f, err := live.Lookup(name)
	if err != nil {
		return nil, err
	}
	into := f.Args()
	if err := read(args, into); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f.Call(session, ctx, into, func(event any) { post(id, "event", event) })
}

// post sends a value to the page. Its typed arrays are moved there.
func post(id int, kind string, value any) {
	var arrays []any
	v := write(value, &arrays)
	host.Call("post", id, kind, v, js.ValueOf(arrays))
}

// turn waits until the browser has delivered its messages.
func turn() { _, _ = await(context.Background(), host.Call("turn")) }

// fetch returns the bytes of a file beside book.wasm.
func fetch(ctx context.Context, name string) ([]byte, error) {
	v, err := await(ctx, host.Call("fetch", name))
	if err != nil {
		return nil, err
	}
	bytes := make([]byte, v.Length())
	js.CopyBytesToGo(bytes, v)
	return bytes, nil
}

// await returns what a Promise is fulfilled with.
func await(ctx context.Context, promise js.Value) (v js.Value, err error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	fulfilled := js.FuncOf(func(_ js.Value, args []js.Value) any {
		o := outcome{}
		if len(args) > 0 {
			o.value = args[0]
		}
		done <- o
		return nil
	})
	rejected := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- outcome{err: errors.New(args[0].Get("message").String())}
		return nil
	})
	promise.Call("then", fulfilled, rejected)
	release := func() { fulfilled.Release(); rejected.Release() }
	select {
	case o := <-done:
		release()
		return o.value, o.err
	case <-ctx.Done():
		go func() { // the Promise still calls one of them
			<-done
			release()
		}()
		return v, context.Cause(ctx)
	}
}
