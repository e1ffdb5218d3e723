package stablehlo

// Sharded returns x and tells the partitioner how to spread it over the devices: see
// Attributes.Sharding.
func (b *Builder) Sharded(x Value, sharding string) Value {
	return b.op(x.Type, "custom_call @Sharding(%s) {mhlo.sharding = %q} : (%s) -> %s", x, sharding, x.Type, x.Type)
}
