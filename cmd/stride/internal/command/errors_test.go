package command

import (
	"errors"
	"fmt"
	"testing"
)

func TestOneLine(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		OneLine(fmt.Errorf("a\nb\r\nc")): `a\nb\r\nc`,
		OneLine(fmt.Errorf("read: %w", errors.Join(errors.New("a\x1bb"), errors.New("c")))): `read: a\u001bb; c`,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
