package main

import "testing"

// TestEncodings holds the encodings against those of the GNU assembler 2.40.
func TestEncodings(t *testing.T) {
	for _, c := range []struct {
		instruction string
		got, want   uint32
	}{
		{"fadd v31.4s, v0.4s, v17.4s", fadd.three(31, 0, 17), 0x4e31d41f},
		{"fsub v1.4s, v30.4s, v2.4s", fsub.three(1, 30, 2), 0x4ea2d7c1},
		{"fmul v3.4s, v4.4s, v31.4s", fmul.three(3, 4, 31), 0x6e3fdc83},
		{"fdiv v5.4s, v16.4s, v6.4s", fdiv.three(5, 16, 6), 0x6e26fe05},
		{"fmax v7.4s, v8.4s, v9.4s", fmax.three(7, 8, 9), 0x4e29f507},
		{"fmin v10.4s, v11.4s, v12.4s", fmin.three(10, 11, 12), 0x4eacf56a},
		{"fcmeq v13.4s, v14.4s, v15.4s", fcmeq.three(13, 14, 15), 0x4e2fe5cd},
		{"fcmgt v21.4s, v22.4s, v23.4s", fcmgt.three(21, 22, 23), 0x6eb7e6d5},
		{"fcmge v21.4s, v22.4s, v23.4s", fcmge.three(21, 22, 23), 0x6e37e6d5},
		{"mul v24.4s, v25.4s, v26.4s", mul.three(24, 25, 26), 0x4eba9f38},
		{"cmhi v27.4s, v28.4s, v29.4s", cmhi.three(27, 28, 29), 0x6ebd379b},
		{"fsqrt v31.4s, v1.4s", fsqrt.two(31, 1), 0x6ea1f83f},
		{"fneg v2.4s, v30.4s", fneg.two(2, 30), 0x6ea0fbc2},
		{"fabs v3.4s, v29.4s", fabs.two(3, 29), 0x4ea0fba3},
		{"scvtf v4.4s, v28.4s", scvtf.two(4, 28), 0x4e21db84},
		{"fcmgt v5.4s, v27.4s, #0.0", fcmgtZero.two(5, 27), 0x4ea0cb65},
		{"fcmge v6.4s, v26.4s, #0.0", fcmgeZero.two(6, 26), 0x6ea0cb46},
		{"fcmeq v7.4s, v25.4s, #0.0", fcmeqZero.two(7, 25), 0x4ea0db27},
		{"fmov v17.4s, #6.0", fmov.immediate(17, immediateSix), 0x4f00f711},
		{"fcmlt v8.4s, v24.4s, #0.0", fcmltZero.two(8, 24), 0x4ea0eb08},
		{"bic v9.16b, v23.16b, v31.16b", bic.three(9, 23, 31), 0x4e7f1ee9},
		{"orn v10.16b, v22.16b, v1.16b", orn.three(10, 22, 1), 0x4ee11eca},
		{"fmla v0.4s, v31.4s, v16.s[0]", fmlaElem.elem(0, 31, 16, 0), 0x4f9013e0},
		{"fmla v31.4s, v2.4s, v31.s[1]", fmlaElem.elem(31, 2, 31, 1), 0x4fbf105f},
		{"fmls v11.4s, v21.4s, v15.s[2]", fmlsElem.elem(11, 21, 15, 2), 0x4f8f5aab},
		{"fmul v12.4s, v20.4s, v30.s[3]", fmulElem.elem(12, 20, 30, 3), 0x4fbe9a8c},
		{"fmaxv s13, v19.4s", fmaxv.two(13, 19), 0x6e30fa6d},
		{"sshr v14.4s, v18.4s, #1", sshr.right(14, 18, 1), 0x4f3f064e},
		{"sshr v15.4s, v17.4s, #31", sshr.right(15, 17, 31), 0x4f21062f},
		{"ldr q31, [x0, x26]", ldrQ.three(31, 0, 26), 0x3cfa681f},
	} {
		if c.got != c.want {
			t.Errorf("%s is encoded as %#08x, want %#08x", c.instruction, c.got, c.want)
		}
	}
}
