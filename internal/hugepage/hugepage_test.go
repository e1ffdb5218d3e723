package hugepage

import "testing"

func TestFloats(t *testing.T) {
	for _, n := range []int{0, 1, size/2 - 1, size / 2, size/2 + 1, 3*size + 5} {
		f := Floats(n)
		if len(f) != n {
			t.Fatalf("%d elements, want %d", len(f), n)
		}
		for i, v := range f {
			if v != 0 {
				t.Fatalf("element %d is %v", i, v)
			}
			f[i] = float32(i)
		}
		for i, v := range f {
			if v != float32(i) {
				t.Fatalf("element %d is %v after it was set to %d", i, v, i)
			}
		}
	}
}
