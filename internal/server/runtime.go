package server

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// What Go's own settings are where the environment does not give them. Both were
// found with BenchmarkIngest on two cores.
const (
	// spareProcessors are what Go may use beyond those of the machine. The thread that
	// syncs the event log keeps its processor while the disk works, too short a time
	// for Go to notice; with none to spare a sixth of the cores' time is lost. The
	// second keeps requests going while the engine computes.
	spareProcessors = 2
	// gcPercent is how much garbage there may be for what is in use. At Go's 100 a
	// tenth of the work under load is collecting it, and answers wait for that.
	gcPercent = 200
)

// tuneRuntime applies them to the process, once.
var tuneRuntime = sync.OnceFunc(func() { //nolint:gochecknoglobals // a process has one runtime
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcessors)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
})
