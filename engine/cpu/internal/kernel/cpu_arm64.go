package kernel

// haveAVX2 is false on every architecture but amd64.
const haveAVX2 = false

// haveNEON is true: NEON is part of arm64.
const haveNEON = true
