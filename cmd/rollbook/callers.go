package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"rollbook/web"
)

// The files that a command names are its caller's. Whoever gave the command here, or
// handed it over by the socket, has them on this machine; a visitor has sent along what
// is read, and is sent what is written, and nothing that they name is looked for here.

// source is a file that a command reads.
type source struct {
	io.Reader
	io.Closer
	size               int64
	regular, directory bool
}

// open opens a file that the caller named.
func (a *app) open(name string) (source, error) {
	if a.visit != nil {
		return a.visit.open(name)
	}
	f, err := os.Open(a.path(name))
	if err != nil {
		return source{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return source{}, errors.Join(err, f.Close())
	}
	return source{f, f, info.Size(), info.Mode().IsRegular(), info.IsDir()}, nil
}

// isDirectory reports whether a directory has the name that the caller gave a file.
func (a *app) isDirectory(name string) bool {
	if a.visit != nil {
		return a.visit.file(name).Directory
	}
	info, err := os.Stat(a.path(name))
	return err == nil && info.IsDir()
}

// write writes a file that the caller named, whole or not at all.
func (a *app) write(name string, write func(io.Writer) error) error {
	if a.visit != nil {
		return a.visit.Save(name, write)
	}
	return writeFile(a.path(name), write)
}

// path is where a file is that the caller named, on this machine.
func (a *app) path(name string) string {
	if a.visit != nil {
		panic("the files of a visitor are not on this machine")
	}
	if a.where == "" || name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.where, name)
}

// file is what the visitor has said of a file.
func (v *visit) file(name string) web.CommandFile {
	for _, f := range v.Files {
		if f.Name == name {
			return f
		}
	}
	return web.CommandFile{}
}

func (v *visit) open(name string) (source, error) {
	f := v.file(name)
	switch {
	case f.Directory:
		return source{Closer: io.NopCloser(nil), directory: true}, nil
	case f.Problem != "":
		return source{}, &fs.PathError{Op: "open", Path: name, Err: errors.New(f.Problem)}
	case v.Content[name] == nil:
		return source{}, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	}
	content := v.Content[name]
	return source{io.NewSectionReader(content, 0, content.Size()), io.NopCloser(nil), content.Size(), true, false}, nil
}

// besides is a directory for what is written on the way to a file that the caller named.
func (a *app) besides(name string) string {
	if a.visit != nil {
		return os.TempDir()
	}
	return filepath.Dir(a.path(name))
}
