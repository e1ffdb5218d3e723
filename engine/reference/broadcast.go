package reference

func broadcastTo(y, x array) {
	each(y.shape, func(i int, index []int) {
		y.data[i] = x.data[stretched(x.shape, index)]
	})
}
