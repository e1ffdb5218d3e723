package nn

import (
	"cmp"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/strideml/stride/graph"
)

// A custom block that calls the Forward of another one does not say which: the path of
// the inner one's operators must be found out. The call stack says which types' Forward
// methods are running. Where a network has one block of that type in that place, that is
// the one. Where it has several, the layers of this package that are applied in the same
// call tell them apart, because their paths are known.

// maxFrames bounds how much of the call stack is looked at.
const maxFrames = 256

// A block is a custom layer of a network.
type block struct {
	path string
	// forward is the name of its Forward method in a call stack.
	forward string
}

// blocksOf lists the custom layers that a walk found, by path.
func blocksOf(places map[Layer]place) (list []block) {
	for l, at := range places {
		switch l.(type) {
		case leaf, *SequentialLayer:
			continue
		}
		if name := forwardName(l); name != "" {
			list = append(list, block{at.path, name})
		}
	}
	slices.SortFunc(list, func(a, b block) int { return cmp.Compare(a.path, b.path) })
	return list
}

// forwardName is the name of a layer's Forward method in a call stack, without the
// parentheses and asterisk of a pointer receiver: a method of a value has the same name
// as its form for pointers then.
func forwardName(l Layer) string {
	m, ok := reflect.TypeOf(l).MethodByName("Forward")
	if !ok {
		return ""
	}
	f := runtime.FuncForPC(m.Func.Pointer())
	if f == nil {
		return ""
	}
	return plainName(f.Name())
}

// plainName takes away what tells pointer receivers from values: "a/b.(*T).Forward" and
// "a/b.T.Forward" become the same.
func plainName(function string) string {
	return strings.NewReplacer("(*", "", ")", "").Replace(function)
}

// inside reports whether a path is below another one.
func inside(path, outer string) bool {
	return path != outer && (outer == "" || strings.HasPrefix(path, outer+"."))
}

// A watcher watches a custom block of which the path is known, while its Forward runs:
// it is told of the operators that are added and the layers that are applied, and says
// in which of the blocks that the block calls that happened. It implements
// graph.Observer.
type watcher struct {
	block
	graph  *graph.Graph
	blocks []block // of the whole network
	events []event
}

// An event is a node that is added, or a layer with a known path that is applied.
type event struct {
	calls []running // of Forward methods of custom blocks, the watched one first
	node  *graph.Node
	layer string // the layer's path; unused if there is a node
}

// A running is a Forward method that is running, and how far it has got.
type running struct {
	forward string
	site    position // of the call that it is in
	at      position // for comparisons with others in the same call of Forward
}

// A position is a place in the code of a function.
type position struct {
	line int
	pc   uintptr
}

func (p position) before(q position) bool {
	return p.line < q.line || p.line == q.line && p.pc < q.pc
}

// enter notes that a layer with a known path is applied and ends the watch of the block
// around it until leave is called: paths inside of the layer are its own matter.
func enter(g *graph.Graph, path string) (leave func()) {
	around := g.SetObserver(nil)
	if w, ok := around.(*watcher); ok {
		w.note(event{layer: path})
	}
	return func() { g.SetObserver(around) }
}

// watch calls a custom block's Forward, whose path is known, and sets the paths of the
// operators that it adds.
func (t *tracing) watch(l Layer, path string, x *graph.Node) *graph.Node {
	if len(t.model.blocks) < 2 {
		return l.Forward(x)
	}
	w := &watcher{block: block{path, forwardName(l)}, graph: x.Graph(), blocks: t.model.blocks}
	w.graph.SetObserver(w)
	y := l.Forward(x)
	w.resolve(w.events, 1, w.block)
	return y
}

// Added implements graph.Observer. A path that somebody has set by SetPath stays.
func (w *watcher) Added(n *graph.Node) {
	if n.Path() == w.path {
		w.note(event{node: n})
	}
}

// PathOfFailure implements graph.Observer.
func (w *watcher) PathOfFailure() string {
	if path := w.graph.CurrentPath(); path != w.path {
		return path
	}
	n := &graph.Node{} // in the place of the one that fails
	n.SetPath(w.path)
	w.note(event{node: n})
	w.resolve(w.events, 1, w.block)
	w.events = w.events[:len(w.events)-1]
	return n.Path()
}

// note adds an event with the Forward methods that are running.
func (w *watcher) note(e event) {
	var pcs [maxFrames]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	pc, inlined := uintptr(0), false // of the frame before
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		// The program counter of a call that is inlined is that of any instruction of the
		// line, while those in the inlined code follow each other.
		if !inlined {
			pc = f.PC
		}
		inlined = f.Func == nil
		if f.Function == "" || strings.HasPrefix(f.Function, applyName) { // which called the watched block
			break
		}
		name := plainName(f.Function)
		if slices.ContainsFunc(w.blocks, func(b block) bool { return b.forward == name }) {
			e.calls = append(e.calls, running{name, position{f.Line, f.PC}, position{f.Line, pc}})
		}
	}
	slices.Reverse(e.calls)
	if len(e.calls) == 0 || e.calls[0].forward != w.forward { // its Forward is that of an embedded field
		e.calls = slices.Insert(e.calls, 0, running{forward: w.forward})
	}
	w.events = append(w.events, e)
}

// applyName begins the names of apply and of the functions in it.
var applyName = reflect.TypeFor[Model]().PkgPath() + ".apply"

// resolve sets the paths of events that happened in a block, which is the depth-th of
// the calls.
func (w *watcher) resolve(events []event, depth int, in block) {
	for len(events) > 0 {
		first := events[0]
		if len(first.calls) == depth {
			first.setPath(in.path)
			events = events[1:]
			continue
		}
		// Calls of one type from one line of code may be of several blocks, one after
		// the other.
		n := 1
		for n < len(events) && len(events[n].calls) > depth && events[n].calls[depth].forward == first.calls[depth].forward &&
			events[n].calls[depth-1].site == first.calls[depth-1].site {
			n++
		}
		w.resolveCalls(events[:n], depth, in)
		events = events[n:]
	}
}

func (e event) setPath(path string) {
	if e.node != nil {
		e.node.SetPath(path)
	}
}

// resolveCalls finds out which blocks are called from a block.
func (w *watcher) resolveCalls(events []event, depth int, from block) {
	forward := events[0].calls[depth].forward
	var inner, all []block
	for _, b := range w.blocks {
		if b.forward == forward && b != from {
			all = append(all, b)
			if b.path == from.path || inside(b.path, from.path) {
				inner = append(inner, b)
			}
		}
	}
	if len(inner) == 1 {
		w.resolve(events, depth+1, inner[0])
		return
	}
	if len(inner) == 0 { // it may be shared, and have its path from another place
		inner = all
	}
	which := tellApart(events, depth, inner)
	for len(events) > 0 {
		n := 1
		for n < len(events) && which[n] == which[0] {
			n++
		}
		if which[0] >= 0 {
			w.resolve(events[:n], depth+1, inner[which[0]])
		} else {
			for _, e := range events[:n] {
				e.setPath(from.path)
			}
		}
		events, which = events[n:], which[n:]
	}
}

// tellApart returns for each event the index of the block in whose call it happened, −1
// where that is not known. The layers that are applied say it for themselves. What
// happened between two layers belongs to both if they are of one block. Otherwise it
// belongs to the first if it stands behind that in the code and not before the second,
// and the other way round: the second begins a call.
func tellApart(events []event, depth int, blocks []block) []int {
	which := make([]int, len(events))
	for i, e := range events {
		which[i] = -1
		if e.node == nil {
			which[i] = slices.IndexFunc(blocks, func(b block) bool { return e.layer == b.path || inside(e.layer, b.path) })
		}
	}
	known := slices.Clone(which)
	at := func(i int) position { return events[i].calls[depth].at }
	last := -1 // layer before the event
	for i := range events {
		if known[i] >= 0 {
			last = i
			continue
		}
		next := slices.IndexFunc(known[i:], func(k int) bool { return k >= 0 })
		after := last >= 0 && !at(i).before(at(last))
		before := next >= 0 && !at(i+next).before(at(i))
		switch {
		case last >= 0 && next >= 0 && known[last] == known[i+next]:
			which[i] = known[last]
		case after && !before:
			which[i] = known[last]
		case before && !after:
			which[i] = known[i+next]
		}
	}
	return which
}
