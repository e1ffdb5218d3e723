package main

import (
	"fmt"
	"log"
	"sort"
)

// A register is a virtual register: the functions of this program take as many as
// they like, and allocate maps those of a kernel to the processor's.
type register struct {
	number      int // of the processor's register, once allocated
	first, last int // the first and last instruction that mentions it
}

// A vec is a vector register of four lanes of 32 bits, a gp a general register.
type (
	vec struct{ *register }
	gp  struct{ *register }
)

func newVec() vec { return vec{&register{first: -1}} }
func newGP() gp   { return gp{&register{first: -1}} }

// Numbers of the registers that kernels may use. Go keeps R18 for the system, R27
// for its assembler, R28 to R31 for itself.
var (
	vecNumbers = numbers(0, 31)
	gpNumbers  = append(numbers(0, 17), numbers(19, 26)...)
)

func numbers(from, to int) (list []int) {
	for i := from; i <= to; i++ {
		list = append(list, i)
	}
	return list
}

// allocate gives the virtual registers of a function their numbers: each holds one
// from its first to its last instruction. One that lives at the start of a loop and
// is used in it lives until the loop's end.
func allocate(name string, code []instruction) {
	var vecs, gps []*register
	for i, ins := range code {
		for _, o := range ins.operands {
			for _, r := range o.vecs() {
				vecs = mention(vecs, r.register, i)
			}
			for _, r := range o.gps() {
				gps = mention(gps, r.register, i)
			}
		}
	}
	all := append(append([]*register{}, vecs...), gps...)
	extend(all, code)
	assign(name+": vectors", vecs, vecNumbers)
	assign(name+": general registers", gps, gpNumbers)
}

// mention notes that instruction i uses r, and adds r to list if it is new.
func mention(list []*register, r *register, i int) []*register {
	if r.first < 0 {
		r.first = i
		list = append(list, r)
	}
	r.last = i
	return list
}

// extend lengthens the lives of registers that are needed again after a jump back.
func extend(list []*register, code []instruction) {
	labels := map[string]int{}
	for i, ins := range code {
		if ins.label != "" {
			labels[ins.label] = i
		}
	}
	for changed := true; changed; {
		changed = false
		for end, ins := range code {
			start, ok := labels[ins.target]
			if ins.target == "" || ok && start > end {
				continue
			}
			if !ok {
				log.Fatalf("no label %s", ins.target)
			}
			for _, r := range list {
				if r.first < start && r.last >= start && r.last < end {
					r.last, changed = end, true
				}
			}
		}
	}
}

// assign gives out numbers in the order in which the registers are first used. The
// result of an instruction may take the register of an operand that ends there.
func assign(what string, list []*register, numbers []int) {
	sort.SliceStable(list, func(i, j int) bool { return list[i].first < list[j].first })
	holder := make([]*register, len(numbers))
	for _, r := range list {
		found := false
		for i, h := range holder {
			if h == nil || h.last <= r.first && h.first < r.first {
				holder[i], r.number, found = r, numbers[i], true
				break
			}
		}
		if !found {
			log.Fatalf("%s: more than %d are needed", what, len(numbers))
		}
	}
}

// An operand is what an instruction works on, as Go's assembler writes it.
type operand interface {
	fmt.Stringer
	vecs() []vec
	gps() []gp
}

func (v vec) String() string { return fmt.Sprintf("V%d", v.number) }
func (v vec) vecs() []vec    { return []vec{v} }
func (v vec) gps() []gp      { return nil }
func (g gp) String() string  { return fmt.Sprintf("R%d", g.number) }
func (g gp) vecs() []vec     { return nil }
func (g gp) gps() []gp       { return []gp{g} }

// An imm is a constant in an instruction.
type imm int

func (i imm) String() string { return fmt.Sprintf("$%d", int(i)) }
func (i imm) vecs() []vec    { return nil }
func (i imm) gps() []gp      { return nil }

// A word is anything without registers: a symbol, a condition.
type word string

func (w word) String() string { return string(w) }
func (w word) vecs() []vec    { return nil }
func (w word) gps() []gp      { return nil }

// A form is a vector register in one of its notations: "S4", "D[1]" or "F", the
// scalar at its low end.
type form struct {
	vec
	as string
}

func (f form) String() string {
	if f.as == "F" {
		return fmt.Sprintf("F%d", f.number)
	}
	return fmt.Sprintf("V%d.%s", f.number, f.as)
}

func (v vec) scalar() form        { return form{v, "F"} }
func (v vec) s4() form            { return form{v, "S4"} }
func (v vec) d2() form            { return form{v, "D2"} }
func (v vec) b16() form           { return form{v, "B16"} }
func (v vec) lane(i int) form     { return form{v, fmt.Sprintf("S[%d]", i)} }
func (v vec) highHalf() form      { return form{v, "D[1]"} }
func (v vec) list(as string) list { return list{form{v, as}} }

// A list is a register in the brackets that some loads ask for.
type list struct{ form }

func (l list) String() string { return "[" + l.form.String() + "]" }

// A pair is two vectors that one instruction loads or stores.
type pair [2]vec

func (p pair) String() string { return fmt.Sprintf("(F%d, F%d)", p[0].number, p[1].number) }
func (p pair) vecs() []vec    { return p[:] }
func (p pair) gps() []gp      { return nil }

// A mem is a place in memory: disp bytes, or a field, after base; or index bytes
// (times 2^scale) after it.
type mem struct {
	base  gp
	disp  int
	field string
	index gp
	scale int
}

func (m mem) String() string {
	switch {
	case m.index.register != nil && m.scale > 0:
		return fmt.Sprintf("(R%d)(R%d<<%d)", m.base.number, m.index.number, m.scale)
	case m.index.register != nil:
		return fmt.Sprintf("(R%d)(R%d)", m.base.number, m.index.number)
	case m.field != "":
		return fmt.Sprintf("%s(R%d)", m.field, m.base.number)
	case m.disp == 0:
		return fmt.Sprintf("(R%d)", m.base.number)
	}
	return fmt.Sprintf("%d(R%d)", m.disp, m.base.number)
}

func (m mem) vecs() []vec { return nil }

func (m mem) gps() []gp {
	if m.index.register != nil {
		return []gp{m.base, m.index}
	}
	return []gp{m.base}
}

// A shifted is a general register times 2^by, as the last operand but one of ADD.
type shifted struct {
	gp
	by int
}

func (s shifted) String() string { return fmt.Sprintf("R%d<<%d", s.number, s.by) }
