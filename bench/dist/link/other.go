//go:build !linux

// Command link is for Linux only.
package main

import "log"

func main() { log.Fatal("link needs Linux") }
