// Package web holds what browsers load: the tracker's scripts, the dashboard and the
// flags, as `npm run build` in this folder leaves them in dist.
//
// Before that build dist is empty: the program compiles, and the file systems here
// have no files. It may import nothing of ours and must not know HTTP.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Tracker returns script.js, script.hash.js and script.cookieless.js, each also with
// .gz and .br appended in that encoding.
func Tracker() fs.FS { return folder("dist/tracker") }

// Dashboard returns index.html and its assets. Files under assets carry a hash of
// their content in their names; text files are there with .gz and .br appended too.
func Dashboard() fs.FS { return folder("dist/dashboard") }

// Flags returns 3:2 SVGs named by upper-case ISO 3166-1 code, such as FR.svg, and
// _unknown.svg, a blank one.
func Flags() fs.FS { return folder("dist/flags") }

func folder(name string) fs.FS {
	sub, err := fs.Sub(dist, name)
	if err != nil {
		panic(err) // only for an invalid path, and the paths above are valid
	}
	return sub
}
