//go:build !(linux || darwin)

// Command step is for Linux and macOS only.
package main

import "log"

func main() { log.Fatal("step needs Linux or macOS") }
