package api

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"datafast/internal/fault"
)

// window is the length of a rate limit's fixed window (rule 7.2.2).
const window = time.Minute

// limiter counts per key in fixed windows that start at a key's first use.
type limiter struct {
	most int // per window; 0 switches it off
	now  func() time.Time

	mu      sync.Mutex
	windows map[string]*count
	sweepAt time.Time
}

type count struct {
	n     int
	reset time.Time
}

func newLimiter(most int, now func() time.Time) *limiter {
	return &limiter{most: most, now: now, windows: map[string]*count{}}
}

// verdict is a limiter's answer.
type verdict struct {
	ok        bool
	remaining int
	reset     time.Time
}

// take counts one use of key.
func (l *limiter) take(key string) verdict { return l.use(key, 1) }

// peek answers without counting.
func (l *limiter) peek(key string) verdict { return l.use(key, 0) }

func (l *limiter) use(key string, n int) verdict {
	now := l.now()
	if l.most == 0 {
		return verdict{ok: true, reset: now}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	c := l.windows[key]
	if c == nil || !now.Before(c.reset) {
		c = &count{reset: now.Add(window)}
		l.windows[key] = c
	}
	c.n += n
	ok := c.n <= l.most
	if n == 0 {
		ok = c.n < l.most
	}
	return verdict{ok: ok, remaining: max(0, l.most-c.n), reset: c.reset}
}

// sweep forgets windows that are over, once a minute.
func (l *limiter) sweep(now time.Time) {
	if now.Before(l.sweepAt) {
		return
	}
	for k, c := range l.windows {
		if !now.Before(c.reset) {
			delete(l.windows, k)
		}
	}
	l.sweepAt = now.Add(window)
}

// headers are rule 7.2.3; none when the limit is off.
func (l *limiter) headers(h http.Header, v verdict) {
	if l.most == 0 {
		return
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(l.most))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(v.remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(v.reset.UnixMilli(), 10))
}

// refuse is rule 7.2.4: the envelope with the three fields beside it.
func (l *limiter) refuse(h http.Header, v verdict) answer {
	seconds := int((v.reset.Sub(l.now()) + time.Second - 1) / time.Second)
	h.Set("Retry-After", strconv.Itoa(seconds))
	err := fault.New(fault.CodeTooMany, "Rate limit exceeded. Try again in %d seconds.", seconds)
	return failure(err, Field{"limit", l.most}, Field{"remaining", v.remaining}, Field{"reset", v.reset.UnixMilli()})
}

// retryLater is a refusal for a while: 429 with Retry-After.
func retryLater(after time.Duration) error {
	seconds := int((after + time.Second - 1) / time.Second)
	e := fault.New(fault.CodeTooMany, "Too many attempts. Try again in %d seconds.", seconds)
	e.RetryAfter = after
	return e
}
