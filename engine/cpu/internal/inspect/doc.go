// Package inspect looks into programs of package exec: where they spend their
// time (profile.go, cost.go), which worker did which task when (trace.go), and
// what needs their memory (memory.go).
package inspect
