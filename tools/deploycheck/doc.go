// Package deploycheck checks the files in deploy: the manifests against the types of Kubernetes,
// the Dockerfile with BuildKit's parser, and the unit with systemd-analyze, if it is installed. It is a
// module of its own, so that the library does not need those of Kubernetes.
package deploycheck
