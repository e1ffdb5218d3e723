package main

import "github.com/strideml/stride/book/internal/chapter"

var figures []chapter.Figure
