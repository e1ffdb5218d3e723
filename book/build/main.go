// Command build makes the web pages of the book.
//
//	go run ./book/build -list    prints the names of the chapters
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/strideml/stride/book"
)

func main() {
	log.SetFlags(0)
	list := flag.Bool("list", false, "print the names of the chapters")
	flag.Parse()
	if !*list {
		log.Fatal("use -list")
	}
	for _, name := range book.Chapters {
		fmt.Println(name)
	}
}
