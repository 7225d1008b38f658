package clickhouse_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain draws fewer random worlds than usual, unless told how many: the library
// runs one query at a time.
func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if !told {
		if err := flag.Set("rapid.checks", "12"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
