// Package webguard protects an HTTP server of this project: who may ask it, by which name,
// from which pages, and how many at once.
//
// [New] checks requests before a handler sees them. [LimitConnections] bounds the connections
// of a server, [Certificate] and [Tokens] are read from files and can be read again while the
// server runs.
//
// # What is checked
//
// The name in the header Host, if Options.RestrictHosts is set. A page of another site can make
// its own name resolve to 127.0.0.1 and then read what a server there answers, as if it
// were its own (DNS rebinding); but the browser still sends that name. Names of this machine
// and IP addresses are always accepted, since no other site can have them.
//
// The header Origin of requests that change something. A browser sends such requests from any
// page to any server, and only hides the answer. net/http's CrossOriginProtection, which this is,
// refuses them unless they come from the server's own pages or from one of Options.Origins.
//
// The token, compared in constant time. Programs send "Authorization: Bearer TOKEN"; a browser
// asks for a user name, which may be anything, and for the token as the password.
//
// A request that is refused is answered with {"error": "…"} in JSON.
package webguard
