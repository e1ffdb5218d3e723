package pickle

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/internal/bounded"
)

// A golden is a value that Python has pickled: in JSON a list of the three.
type golden struct {
	protocol      int
	pickle, shown string
}

func (g *golden) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&g.protocol, &g.pickle, &g.shown})
}

// show is shown of testdata/make_golden.py.
func show(v any) string {
	list := func(items []any) string {
		s := make([]string, len(items))
		for i, item := range items {
			s[i] = show(item)
		}
		return strings.Join(s, ", ")
	}
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case int64, *big.Int:
		return fmt.Sprint(v)
	case float64:
		if math.IsInf(v, 1) {
			return "float inf"
		}
		return "float " + hexFloat(v)
	case string:
		return "str " + v
	case Bytes:
		return fmt.Sprintf("bytes %x", string(v))
	case *Tuple:
		return "(" + list(v.Items) + ")"
	case *List:
		return "[" + list(v.Items) + "]"
	case *Set:
		return "<" + list(v.Items) + ">"
	case *Dict:
		var s []string
		for i, k := range v.Keys {
			s = append(s, show(k)+": "+show(v.Values[i]))
		}
		return "{" + strings.Join(s, ", ") + "}"
	}
	return Kind(v)
}

// hexFloat writes a number as Python's float.hex does.
func hexFloat(v float64) string {
	s := strconv.FormatFloat(v, 'x', 13, 64)
	mantissa, exp, _ := strings.Cut(s, "p")
	n, err := strconv.Atoi(exp)
	if err != nil {
		return s
	}
	return fmt.Sprintf("%sp%+d", mantissa, n)
}

func readGolden(t testing.TB) (list []golden) {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &list); err != nil || len(list) < 100 {
		t.Fatal(len(list), err)
	}
	return list
}

func TestGolden(t *testing.T) {
	for _, g := range readGolden(t) {
		b, err := base64.StdEncoding.DecodeString(g.pickle)
		if err != nil {
			t.Fatal(err)
		}
		d := NewDecoder(strings.NewReader(string(b)+"rest"), 1<<20)
		v, err := d.Decode()
		if err != nil {
			t.Errorf("protocol %d: %.60s: %v", g.protocol, g.shown, err)
			continue
		}
		if got := show(v); got != g.shown {
			t.Errorf("protocol %d: %s, want %s", g.protocol, got, g.shown)
		}
		if d.Offset() != int64(len(b)) {
			t.Errorf("protocol %d: %.60s: %d bytes were read, want %d", g.protocol, g.shown, d.Offset(), len(b))
		}
	}
}

// TestIdentity keeps what is the same in Python the same.
func TestIdentity(t *testing.T) {
	v, err := NewDecoder(strings.NewReader("\x80\x02]q\x00h\x00\x86."), 1<<20).Decode()
	if err != nil {
		t.Fatal(err)
	}
	if pair := v.(*Tuple).Items; pair[0] != pair[1] {
		t.Error("one list has become two")
	}
}

// TestObject has what an unknown class gets: arguments, a state, items as of a dict and
// of a list.
func TestObject(t *testing.T) {
	v, err := NewDecoder(strings.NewReader("\x80\x02cmy.module\nThing\nK\x07\x85\x81}U\x01aNsb(U\x01kK\x01uK\x02a."), 1<<20).Decode()
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*Object)
	if o.Class != any(Global{"my.module", "Thing"}) || show(&Tuple{o.Args}) != "(7)" || show(o.State) != "{str a: None}" ||
		show(o.Items) != "{str k: 1}" || show(o.Appended) != "[2]" || Kind(o) != "an object of my.module.Thing" {
		t.Errorf("%+v", o)
	}
	if v, ok := o.Items.Get("k"); !ok || v != any(int64(1)) {
		t.Errorf("Get returns %v, %v", v, ok)
	}
}

// TestBudget is used up before memory is allocated.
func TestBudget(t *testing.T) {
	d := NewDecoder(strings.NewReader("\x80\x02]q\x00.\x80\x02]q\x00."), 300)
	if _, err := d.Decode(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(); err == nil || !strings.Contains(err.Error(), "takes more memory") {
		t.Errorf("error %v with %d bytes left", err, d.Budget)
	}
}

// FuzzDecode tries changed pickles. Whatever they are, the budget holds.
func FuzzDecode(f *testing.F) {
	for _, g := range readGolden(f) {
		b, err := base64.StdEncoding.DecodeString(g.pickle)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("\x80\x02cmy.module\nThing\nK\x07\x85\x81}U\x01aNsb(U\x01kK\x01uK\x02a."))
	f.Fuzz(func(t *testing.T, b []byte) {
		const budget = 4 << 20
		var d *Decoder
		bounded.Check(t, len(b), 1, func() {
			d = NewDecoder(strings.NewReader(string(b)), budget)
			for range 3 {
				if _, err := d.Decode(); err != nil {
					break
				}
			}
		})
		if d.Offset() > int64(len(b)) {
			t.Errorf("%d of %d bytes were read", d.Offset(), len(b))
		}
	})
}
