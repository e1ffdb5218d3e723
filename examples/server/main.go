// Command server is a web server of its own that answers requests for predictions beside
// its other pages.
//
//	go run ./cmd/stride train lenet-bn --data sample --epochs 5 --out runs/clothes
//	go run ./examples/server runs/clothes
//	curl -s --data-binary @examples/predict/boot.png -H 'Content-Type: image/png' http://127.0.0.1:8080/v1/predict
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/strideml/stride/serve"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: server MODEL")
	}
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer models.Close()
	handler, err := newHandler(models, os.Args[1])
	if err != nil {
		log.Fatalf("%q", err) // quoted: names in a file may hold control characters
	}
	server := serve.NewServer(handler, nil)
	server.Addr = "127.0.0.1:8080"
	log.Print(server.ListenAndServe())
}

// newHandler answers for a model under /v1 and /v2, and has a page of its own.
func newHandler(models *serve.Models, path string) (http.Handler, error) {
	if err := models.Open("clothes", path); err != nil {
		return nil, err
	}
	predictions := serve.Handler(models, serve.HandlerOptions{})
	mux := http.NewServeMux()
	mux.Handle("/v1/", predictions)
	mux.Handle("/v2/", predictions)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "POST a picture to /v1/predict.")
	})
	return mux, nil
}
