// Package book is a book on convolutional neural networks that computes: each
// chapter is a folder with a text in English and in Chinese, the program whose
// code, output and figures the text shows, and answers to its exercises. It
// follows the chapters on convolutional networks of Dive into Deep Learning
// (动手学深度学习, https://d2l.ai) in its own words, with this module's library.
//
//	go run ./book/conv               prints and draws what a chapter shows
//	go run ./book/conv -check        tells whether the texts still say what the code does
//	go run ./book/build -o site      makes the web pages
//	stride book                      serves them
//
// This package has the files; book/site makes the pages.
package book

import "embed"

// Files are the texts, the programs and the figures, with the paths of the
// folder book: "conv/en.md", "conv/main.go", "conv/figures/window.en.svg".
//
//go:embed */*.md */*.go */figures/*
var Files embed.FS

// Front is the folder of the front page, which is made as chapters are.
const Front = "first"

// Chapters are the folders of the chapters in their order.
var Chapters = []string{
	"fullyconnected",
	"conv",
	"padding",
	"channels",
	"pooling",
	"lenet",
	"alexnet",
	"vgg",
	"nin",
	"googlenet",
	"batchnorm",
	"resnet",
	"densenet",
	"machine",
	"translation",
	"tenminutes",
}
