// Command engine is a small server that speaks ClickHouse's HTTP protocol to the
// official driver and answers with the real engine, libchdb. Tests start it as a
// process of its own, so that they can kill it.
//
// It takes the address to listen on and the directory of the data, and finds the
// library by CHDB_LIB_PATH. It is for tests only: one query at a time, no users.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/chdb-io/chdb-go/chdb"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: engine ADDRESS DIRECTORY")
	}
	session, err := chdb.NewSession(os.Args[2])
	if err != nil {
		log.Fatalf("open the engine: %v", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", os.Args[1])
	if err != nil {
		log.Fatalf("listen: %v", err)
	}
	log.Fatal(http.Serve(listener, &engine{session: session, files: os.TempDir()})) //nolint:gosec // a test's server on a loopback address
}

type engine struct {
	mu       sync.Mutex
	session  *chdb.Session
	files    string
	database string
}

// hello is the driver's first query. It expects the answer in the newest revision
// of the protocol, and takes from it the revision of all that follows: with 0 it
// writes and reads plain Native blocks, as the library does.
const hello = "SELECT displayName(), version(), revision(), timezone()"

// helloAnswer is one block of the newest revision.
func helloAnswer() []byte {
	text := func(b []byte, s string) []byte { return append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	b := []byte{1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0} // block info: no overflow, bucket -1
	b = append(b, 4, 1)                             // columns, rows
	for _, c := range [][2]string{{"displayName()", "test"}, {"version()", "26.5.3.1"}, {"revision()", ""}, {"timezone()", "UTC"}} {
		b = text(b, c[0])
		if c[1] == "" {
			b = append(text(b, "UInt32"), 0, 0, 0, 0, 0)
			continue
		}
		b = text(append(text(b, "String"), 0), c[1])
	}
	return b
}

// insert is how the driver begins to send a block.
var insert = regexp.MustCompile(`(?is)^\s*(INSERT INTO .*?)\s+FORMAT\s+Native\s*$`)

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	query := r.URL.Query().Get("query")
	if query == "" {
		query, body = string(body), nil
	}
	if r.URL.Path == "/ping" {
		_, _ = io.WriteString(w, "Ok.\n")
		return
	}
	if query == hello {
		_, _ = w.Write(helloAnswer())
		return
	}
	out, err := e.run(query, body, r.URL.Query())
	if err != nil {
		w.Header().Set("X-ClickHouse-Exception-Code", "1")
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-ClickHouse-Format", "Native")
	_, _ = w.Write(out)
}

// run answers a query; a block that is inserted goes through a file, since the
// library takes queries as text without zero bytes.
func (e *engine) run(query string, block []byte, params url.Values) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if database := params.Get("database"); database != "" && database != e.database {
		if _, err := e.ask("USE " + database); err != nil {
			return nil, err
		}
		e.database = database
	}
	if m := insert.FindStringSubmatch(query); m != nil {
		file, err := os.CreateTemp(e.files, "block-*.native")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.Remove(file.Name()) }()
		if _, err := file.Write(block); err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		query = m[1] + " SELECT * FROM file('" + file.Name() + "', Native)"
	}
	if s := settings(params); s != "" && takesSettings(query) {
		query = strings.TrimRight(strings.TrimSpace(query), ";") + " SETTINGS " + s
	}
	return e.ask(query)
}

func (e *engine) ask(query string) ([]byte, error) {
	res, err := e.session.Query(query, "Native")
	if err != nil {
		return nil, err
	}
	defer res.Free()
	if res.Error() != nil {
		return nil, res.Error()
	}
	return slices.Clone(res.Buf()), nil
}

func takesSettings(query string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(strings.ToUpper(query)), " ")
	return first == "SELECT" || first == "WITH" || first == "INSERT"
}

// settings are the parameters of the address that are settings of the engine.
func settings(params url.Values) string {
	var out []string
	for name, values := range params {
		switch name {
		case "query", "database", "default_format", "client_protocol_version", "query_id", "session_id", "wait_end_of_query", "compress", "decompress":
			continue
		}
		if strings.HasPrefix(name, "param_") {
			continue
		}
		out = append(out, fmt.Sprintf("%s = '%s'", name, strings.ReplaceAll(values[0], "'", "''")))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
