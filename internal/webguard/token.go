package webguard

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
)

// minToken is the length of the shortest token: one that is typed by hand can be guessed.
const minToken = 16

// Tokens are words of which a request must have one. They are safe for concurrent use.
type Tokens struct {
	path string
	sums atomic.Pointer[[][sha256.Size]byte]
}

// NewTokens returns the token, for tests and for one that is in an environment variable.
func NewTokens(token string) (*Tokens, error) {
	t := &Tokens{}
	return t, t.set(token)
}

// ReadTokens reads a file with a token in each line. Several allow clients to change from one to
// the next.
func ReadTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	return t, t.Reload()
}

// Reload reads the file again. If that fails, the tokens are as before.
func (t *Tokens) Reload() error {
	if t.path == "" {
		return nil
	}
	text, err := os.ReadFile(t.path)
	if err != nil {
		return err
	}
	if err := t.set(string(text)); err != nil {
		return fmt.Errorf("%s: %w", t.path, err)
	}
	return nil
}

// set replaces the tokens. Errors do not contain them.
func (t *Tokens) set(text string) error {
	var sums [][sha256.Size]byte
	for line := range strings.Lines(text) {
		token := strings.TrimSpace(line)
		switch {
		case token == "":
			continue
		case len(token) < minToken:
			return fmt.Errorf("a token has %d characters: want at least %d, such as those of openssl rand -hex 32", len(token), minToken)
		case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
			return errors.New("a token may have visible ASCII characters only")
		}
		sums = append(sums, sha256.Sum256([]byte(token)))
	}
	if len(sums) == 0 {
		return errors.New("there is no token")
	}
	t.sums.Store(&sums)
	return nil
}

// Authorized reports whether a request has one of the tokens: as a bearer token, or as the
// password of basic authentication.
func (t *Tokens) Authorized(r *http.Request) bool {
	if _, password, ok := r.BasicAuth(); ok {
		return t.Valid(password)
	}
	return t.Bearer(r.Header.Get("Authorization"))
}

// Bearer reports whether the value of a header Authorization has one of the tokens as a bearer
// token.
func (t *Tokens) Bearer(authorization string) bool {
	scheme, token, ok := strings.Cut(authorization, " ")
	return ok && strings.EqualFold(scheme, "Bearer") && t.Valid(strings.TrimSpace(token))
}

// Valid reports whether a word is one of the tokens. The time it takes does not depend on
// how much of the word is right.
func (t *Tokens) Valid(token string) bool {
	sum, equal := sha256.Sum256([]byte(token)), 0
	for _, known := range *t.sums.Load() {
		equal |= subtle.ConstantTimeCompare(known[:], sum[:])
	}
	return equal == 1
}
