// Package server puts the program together: settings → stores → services → API,
// dashboard, tracker, jobs. Read Table (the settings), then Open, Run and Close.
//
// It may import everything in internal but cli and admin. It must not hold rules.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"datafast/internal/api"
	"datafast/internal/mail"
	"datafast/internal/store"
)

// Server is a running installation.
type Server struct {
	Settings
	Router  *api.Router
	control *store.Control
	events  store.Events
	flow    *pipeline
	post    *mail.Post
	people  services
	metrics *metrics
	log     *slog.Logger
	out     io.Writer
	closers []func() error
}

// Options are what a Server gets besides its settings.
type Options struct {
	Version string
	Stdout  io.Writer // the ready line and the first-run link
	Stderr  io.Writer // the log
}

// Open opens the stores and wires everything. Close releases it, also after Run.
func Open(ctx context.Context, s Settings, o Options) (_ *Server, err error) {
	tuneRuntime()
	srv := &Server{Settings: s, out: o.Stdout, log: newLog(s, o.Stderr), metrics: newMetrics()}
	defer func() {
		if err != nil {
			err = errors.Join(err, srv.Close())
		}
	}()
	if err := store.CheckPair(s.DatabaseURL, s.EventsURL); err != nil {
		return nil, err
	}
	if srv.control, err = store.OpenControl(ctx, s.Data, s.DatabaseURL); err != nil {
		return nil, err
	}
	srv.onClose(srv.control.Close)
	if err := srv.control.Moving(ctx); err != nil {
		return nil, err
	}
	if srv.post, err = mail.Open(s.SMTPURL, s.MailFrom, srv.log); err != nil {
		return nil, err
	}
	srv.onClose(srv.post.Close)
	if srv.events, err = srv.openEvents(ctx); err != nil {
		return nil, err
	}
	srv.onClose(srv.events.Close)
	srv.people = newServices(srv.control.Store, srv.post, knownGoals{srv.events}, s, srv.log)
	srv.onClose(srv.people.watch.Close)
	if srv.flow, err = srv.openPipeline(ctx); err != nil {
		return nil, err
	}
	srv.people.sites.Follow(followers{srv.flow.revenue, srv.events})
	if srv.Router, err = srv.routes(o.Version); err != nil {
		return nil, fmt.Errorf("register routes: %w", err)
	}
	if s.MetricsListen == "" {
		return srv, nil
	}
	stop, err := srv.metrics.serve(ctx, s.MetricsListen, srv.log)
	if err != nil {
		return nil, err
	}
	srv.onClose(stop)
	return srv, nil
}

func newLog(s Settings, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// onClose registers a closer; the last registered closes first.
func (s *Server) onClose(f func() error) { s.closers = append(s.closers, f) }

// Close releases everything in the opposite order of opening.
func (s *Server) Close() error {
	var errs error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = errors.Join(errs, s.closers[i]())
	}
	s.closers = nil
	return errs
}

// drainTime is how long requests may take to end after SIGTERM.
const drainTime = 15 * time.Second

// Run serves until ctx ends, then drains. It prints one line when it is ready,
// and the first-run link while there is no account.
func (s *Server) Run(ctx context.Context) error {
	secret, err := s.people.people.FirstRunLink(ctx)
	if err != nil && ctx.Err() != nil {
		return nil // told to stop while starting
	}
	if err != nil {
		return fmt.Errorf("make the first-run link: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; stop what uses it, or give another --listen", s.Listen, err)
	}
	web := &http.Server{
		Handler: s.Router, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	jobs, stopJobs := context.WithCancel(ctx)
	defer stopJobs()
	go s.jobs(jobs)
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	if err := s.announce(listener.Addr().String(), secret); err != nil {
		return errors.Join(err, web.Close())
	}
	debug.FreeOSMemory() // a start makes much that is not needed after it
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := web.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("drain: %w", err), web.Close())
	}
	return nil
}

// announce prints the ready line, and the first-run link unless secret is empty.
func (s *Server) announce(addr, secret string) error {
	base := s.BaseURL
	if strings.HasSuffix(s.Listen, ":0") && base == "http://"+s.Listen {
		base = "http://" + addr
	}
	data, err := filepath.Abs(s.Data)
	if err != nil {
		data = s.Data
	}
	if _, err := fmt.Fprintf(s.out, "datafast is ready on %s (listening on %s, data in %s)\n", base, addr, data); err != nil {
		return fmt.Errorf("print the ready line: %w", err)
	}
	if secret == "" {
		return nil
	}
	_, err = fmt.Fprintf(s.out, "Create the first account: %s/setup#%s\n", base, secret)
	return err
}

// jobs runs what is due now and then: the end of sessions and links, the
// shortening of old addresses. Of several servers one runs them.
func (s *Server) jobs(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := s.once(ctx, "jobs", s.hourly); err != nil && ctx.Err() == nil {
			s.log.Error("hourly job", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) hourly(ctx context.Context) error {
	now := time.Now()
	return errors.Join(s.control.Expire(ctx, now), s.people.audit.Run(ctx, now))
}

// once does something unless another server is doing it.
func (s *Server) once(ctx context.Context, name string, do func(context.Context) error) error {
	if s.control.TryLock == nil {
		return do(ctx)
	}
	unlock, err := s.control.TryLock(ctx, name)
	if err != nil || unlock == nil {
		return err
	}
	return errors.Join(do(ctx), unlock())
}
