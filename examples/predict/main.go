// Command predict says what a picture shows, in fifteen lines. The model is a
// run folder, a model folder or a model file.
//
//	go run ./cmd/stride train lenet-bn --data sample --epochs 5 --out runs/clothes
//	go run ./examples/predict runs/clothes examples/predict/boot.png
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/strideml/stride/classify"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: predict MODEL PICTURE")
	}
	if err := predict(os.Stdout, os.Args[1], os.Args[2]); err != nil {
		log.Fatalf("%q", err) // quoted: names in a file may hold control characters
	}
}

func predict(w io.Writer, model, picture string) error {
	classifier, err := classify.Load(model)
	if err != nil {
		return err
	}
	defer classifier.Close()
	classes, err := classifier.PredictFile(context.Background(), picture, 3)
	if err != nil {
		return err
	}
	for _, class := range classes {
		fmt.Fprintf(w, "%-14q %5.1f %%\n", class.Name, 100*class.Probability)
	}
	return nil
}
