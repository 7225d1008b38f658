package referrer_test

import (
	"testing"

	"datafast/internal/referrer"
)

func TestByHost(t *testing.T) {
	t.Parallel()
	if n := referrer.Len(); n < 250 {
		t.Errorf("table has %d hosts, want at least 250", n)
	}
	for host, want := range map[string]string{
		"www.google.co.uk": "Google", "mail.google.com": "Gmail", "gemini.google.com": "Gemini", "news.google.com": "Google News",
		"t.co": "X", "mobile.twitter.com": "X", "com.twitter.android": "X", "out.reddit.com": "Reddit", "lnkd.in": "LinkedIn",
		"l.facebook.com": "Facebook", "news.ycombinator.com": "Hacker News", "chat.openai.com": "ChatGPT", "youtu.be": "YouTube",
		"perplexity.ai": "Perplexity", "de.pinterest.com": "Pinterest", "search.yahoo.co.jp": "Yahoo", "blog.test": "", "notgoogle.com": "",
	} {
		if got, _ := referrer.ByHost(host); got.Name != want {
			t.Errorf("ByHost(%s) = %q, want %q", host, got.Name, want)
		}
	}
}

func TestByTag(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"google": "Google", "Google": "Google", "twitter": "X", "x": "X", "google.com": "Google", "hacker news": "Hacker News", "weekly-letter": "",
	} {
		if got, _ := referrer.ByTag(tag); got.Name != want {
			t.Errorf("ByTag(%s) = %q, want %q", tag, got.Name, want)
		}
	}
}
