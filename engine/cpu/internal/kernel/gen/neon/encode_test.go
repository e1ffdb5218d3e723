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
		{"frintn v4.4s, v28.4s", frintn.two(4, 28), 0x4e218b84},
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
		{"mul v1.8h, v2.8h, v30.8h", mulH.three(1, 2, 30), 0x4e7e9c41},
		{"sqxtn v3.4h, v4.4s", sqxtn.two(3, 4), 0x0e614883},
		{"sqxtn2 v3.8h, v4.4s", sqxtn2.two(3, 4), 0x4e614883},
		{"sqxtn v5.8b, v6.8h", sqxtnB.two(5, 6), 0x0e2148c5},
		{"sqxtn2 v5.16b, v6.8h", sqxtnB2.two(5, 6), 0x4e2148c5},
		{"sqxtun v7.8b, v8.8h", sqxtun.two(7, 8), 0x2e212907},
		{"sqxtun2 v7.16b, v8.8h", sqxtun2.two(7, 8), 0x6e212907},
		{"smull v9.4s, v10.4h, v11.4h", smull.three(9, 10, 11), 0x0e6bc149},
		{"smull2 v9.4s, v10.8h, v11.8h", smull2.three(9, 10, 11), 0x4e6bc149},
		{"umull v9.8h, v10.8b, v11.8b", umull.three(9, 10, 11), 0x2e2bc149},
		{"umull2 v9.8h, v10.16b, v11.16b", umull2.three(9, 10, 11), 0x6e2bc149},
		{"uaddw v12.8h, v13.8h, v14.8b", uaddw.three(12, 13, 14), 0x2e2e11ac},
		{"uaddw2 v12.8h, v13.8h, v14.16b", uaddw2.three(12, 13, 14), 0x6e2e11ac},
		{"sqadd v15.8h, v16.8h, v17.8h", sqadd.three(15, 16, 17), 0x4e710e0f},
		{"add v18.16b, v19.16b, v20.16b", addB.three(18, 19, 20), 0x4e348672},
		{"smull v21.4s, v22.4h, v15.h[7]", smullElem.elemH(21, 22, 15, 7), 0x0f7faad5},
		{"smull2 v21.4s, v22.8h, v3.h[4]", smullElem2.elemH(21, 22, 3, 4), 0x4f43aad5},
		{"smlal v23.4s, v24.4h, v2.h[2]", smlalElem.elemH(23, 24, 2, 2), 0x0f622317},
		{"smlal2 v23.4s, v24.8h, v1.h[1]", smlalElem2.elemH(23, 24, 1, 1), 0x4f512317},
		{"sqrshrn v25.4h, v26.4s, #11", sqrshrn.by(25, 26, 11), 0x0f159f59},
		{"sqrshrn2 v25.8h, v26.4s, #12", sqrshrn2.by(25, 26, 12), 0x4f149f59},
		{"rshrn v27.4h, v28.4s, #16", rshrn.by(27, 28, 16), 0x0f108f9b},
		{"rshrn2 v27.8h, v28.4s, #16", rshrn2.by(27, 28, 16), 0x4f108f9b},
		{"rshrn v29.8b, v30.8h, #4", rshrnB.by(29, 30, 4), 0x0f0c8fdd},
		{"rshrn2 v29.16b, v30.8h, #2", rshrnB2.by(29, 30, 2), 0x4f0e8fdd},
		{"shrn v31.8b, v0.8h, #4", shrnB.by(31, 0, 4), 0x0f0c841f},
		{"shrn2 v31.16b, v0.8h, #2", shrnB2.by(31, 0, 2), 0x4f0e841f},
		{"srshr v1.4s, v2.4s, #18", srshr.by(1, 2, 18), 0x4f2e2441},
		{"sshr v3.8h, v4.8h, #5", sshrH.by(3, 4, 5), 0x4f1b0483},
		{"shl v5.8h, v6.8h, #2", shlH.by(5, 6, 2), 0x4f1254c5},
		{"sshll v7.4s, v8.4h, #13", sshll.by(7, 8, 13), 0x0f1da507},
		{"sshll2 v7.4s, v8.8h, #13", sshll2.by(7, 8, 13), 0x4f1da507},
		{"ushll v9.8h, v10.8b, #0", ushllB.by(9, 10, 0), 0x2f08a549},
		{"ushll2 v9.8h, v10.16b, #0", ushllB2.by(9, 10, 0), 0x6f08a549},
	} {
		if c.got != c.want {
			t.Errorf("%s is encoded as %#08x, want %#08x", c.instruction, c.got, c.want)
		}
	}
}
