package kernel

import ("testing";"fmt";"math")

func BenchmarkZZ(b *testing.B) {
	big := make([]float32, 32<<20)
	for _, n := range []int{32, 64, 192} {
		block := 147456/n*n
		dy := make([]float32, block)
		s1,s2,m := make([]float32,n),make([]float32,n),make([]float32,n)
		piece := P/n*n
		run := func(name string, f func(at int, x []float32)) {
			b.Run(fmt.Sprint(name,"/",n), func(b *testing.B) {
				at := 0
				for b.Loop() {
					if at+block > len(big) { at = 0 }
					for k:=0;k<block;k+=piece { e:=min(piece,block-k); f(k, big[at+k:at+k+e]) }
					at += block
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(block),"ns/elem")
			})
		}
		run("moments cached", func(k int, x []float32) { MergeMoments(s1,s2,dy[k:k+len(x)],len(x)/n,n,n,k/n) })
		run("moments stream", func(k int, x []float32) { MergeMoments(s1,s2,x,len(x)/n,n,n,k/n) })
		run("sums cached", func(k int, x []float32) { BatchNormSums(s1,s2,dy[k:k+len(x)],dy[k:k+len(x)],m,len(x)/n,n,n,n) })
		run("sums x stream", func(k int, x []float32) { BatchNormSums(s1,s2,dy[k:k+len(x)],x,m,len(x)/n,n,n,n) })
		run("touch stream", func(k int, x []float32) { zsink = touch(x) })
		run("moments touched stream", func(k int, x []float32) { zsink=touch(x);MergeMoments(s1,s2,x,len(x)/n,n,n,k/n) })
		run("sums x touched stream", func(k int, x []float32) { zsink=touch(x);BatchNormSums(s1,s2,dy[k:k+len(x)],x,m,len(x)/n,n,n,n) })
		run("copy stream", func(k int, x []float32) { copy(dy[k:],x) })
		run("sum stream", func(k int, x []float32) { s1[0]+=Sum(x) })
	}
}

var zsink uint32
var P = 8192
func touch(x []float32) (s uint32) {
	for i := 0; i < len(x); i += 16 { s |= math.Float32bits(x[i]) }
	return s
}
func BenchmarkZY(b *testing.B) { P=2048; BenchmarkZZ(b) }
