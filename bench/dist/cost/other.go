//go:build !(linux || darwin)

// Command cost is for Linux and macOS only.
package main

import "log"

func main() { log.Fatal("cost needs Linux or macOS") }
