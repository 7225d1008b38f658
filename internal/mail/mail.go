// Package mail delivers letters through an SMTP server, in the background.
//
// A letter is taken into a bounded queue and sent by one worker, tried again a
// few times, and told about at the end. Without a configured server nothing is
// taken.
//
// It may import fault. It must not know alerts or reports.
package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"datafast/internal/fault"
)

// Letter is a plain text mail to one person.
type Letter struct {
	To      string
	Subject string
	Text    string
	// Done is told the outcome, once, from the worker; nil: nobody is.
	Done func(err error)
}

// Bounds of delivery.
const (
	queueLength = 1000
	attempts    = 3
	sendTimeout = 30 * time.Second
	// HandInTime is how long Close lets queued letters go out.
	HandInTime = 5 * time.Second
)

// ErrNoServer says that no mail server is configured.
var ErrNoServer = fault.New(fault.CodeUnavailable, "no mail server is configured; set DATAFAST_SMTP_URL")

// Post takes letters and delivers them. The zero value has no server.
type Post struct {
	client *gomail.Client
	from   string
	log    *slog.Logger
	pause  time.Duration // before another attempt

	mu     sync.RWMutex
	closed bool
	queue  chan Letter
	idle   chan struct{} // closed when the worker has ended
	stop   context.CancelFunc
}

// Open reads an address such as smtp://user:password@host:587 (STARTTLS when
// offered), smtps://… (TLS) or smtp+insecure://… (never TLS) and starts
// delivering. An empty address gives a Post without a server.
func Open(address, from string, log *slog.Logger) (*Post, error) {
	if address == "" {
		return &Post{}, nil
	}
	client, err := dialer(address)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Post{
		client: client, from: from, log: log, pause: 2 * time.Second,
		queue: make(chan Letter, queueLength), idle: make(chan struct{}), stop: stop,
	}
	go p.work(ctx)
	return p, nil
}

// dialer never repeats the address in an error: it may hold a password.
func dialer(address string) (*gomail.Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("smtp-url is not an address such as smtp://user:password@host:587")
	}
	options := []gomail.Option{gomail.WithTimeout(sendTimeout)}
	switch u.Scheme {
	case "smtp":
		options = append(options, gomail.WithTLSPortPolicy(gomail.TLSOpportunistic))
	case "smtps":
		options = append(options, gomail.WithSSLPort(false))
	case "smtp+insecure":
		options = append(options, gomail.WithTLSPortPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("smtp-url: scheme %q is not known; use smtp, smtps or smtp+insecure", u.Scheme)
	}
	if port := u.Port(); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, fmt.Errorf("smtp-url: %q is not a port", port)
		}
		options = append(options, gomail.WithPort(n))
	}
	if password, ok := u.User.Password(); ok {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("smtp-url: %w", err)
	}
	return client, nil
}

// Enabled reports whether there is a mail server.
func (p *Post) Enabled() bool { return p.client != nil }

// Send takes a letter into the queue. ErrNoServer without a server; unavailable
// when the queue is full or the Post is closed. Done is then not called.
func (p *Post) Send(l Letter) error {
	if !p.Enabled() {
		return ErrNoServer
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return fault.New(fault.CodeUnavailable, "mail delivery is shutting down")
	}
	select {
	case p.queue <- l:
		return nil
	default:
		return fault.New(fault.CodeUnavailable, "%d mails are waiting already", queueLength)
	}
}

func (p *Post) work(ctx context.Context) {
	defer close(p.idle)
	for l := range p.queue {
		err := p.deliver(ctx, l)
		if err != nil {
			p.log.Warn("mail was not delivered", "subject", l.Subject, "error", err)
		}
		if l.Done != nil {
			l.Done(err)
		}
	}
}

// deliver sends a letter, trying again after errors that may pass.
func (p *Post) deliver(ctx context.Context, l Letter) error {
	m, err := p.message(l)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		err = p.client.DialAndSendWithContext(ctx, m)
		var send *gomail.SendError
		if err == nil || n == attempts || ctx.Err() != nil || errors.As(err, &send) && !send.IsTemp() {
			return err
		}
		select {
		case <-time.After(p.pause << n):
		case <-ctx.Done():
			return err
		}
	}
}

func (p *Post) message(l Letter) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.From(p.from); err != nil {
		return nil, fmt.Errorf("sender %q: %w", p.from, err)
	}
	if err := m.To(l.To); err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	m.Subject(l.Subject)
	m.SetDate()
	m.SetMessageID()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	return m, nil
}

// Close lets what is queued go out for HandInTime, then gives up on the rest.
func (p *Post) Close() error {
	if !p.Enabled() {
		return nil
	}
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.queue)
	}
	p.mu.Unlock()
	select {
	case <-p.idle:
	case <-time.After(HandInTime):
		p.stop()
		<-p.idle
	}
	p.stop()
	return nil
}
