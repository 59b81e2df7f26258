// Package browser drives a real Chromium, for tests of the pages.
package browser

import (
	"context"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/yourturn/yourturn/internal/suite"
)

// patience is how long a step in a browser may take on a busy machine.
const patience = time.Minute

// Zone is the time zone of those who read pages in the browser.
const Zone = "America/New_York"

// Browser is a Chromium whose readers are in Zone.
type Browser struct{ ctx context.Context }

// Look is how a page is looked at.
type Look struct {
	Width  int64 // of the window, in pixels
	Dark   bool
	Silent bool // the browser runs no JavaScript
	Print  bool // as on paper
}

// String names the look.
func (l Look) String() string {
	text := strconv.FormatInt(l.Width, 10) + " light"
	if l.Dark {
		text = strconv.FormatInt(l.Width, 10) + " dark"
	}
	return text
}

// Looks are how each page is looked at: wide and narrow, light and dark.
func Looks() []Look {
	return []Look{{Width: 1400}, {Width: 1400, Dark: true}, {Width: 400}, {Width: 400, Dark: true}}
}

// New starts a browser that ends with the test. Without a Chromium the test is skipped,
// or fails, if everything is asked for.
func New(t testing.TB) *Browser {
	t.Helper()
	const program = "chromium"
	path, err := exec.LookPath(program)
	if err != nil {
		suite.Lacks(t, program, program)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Env("TZ="+Zone))
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return &Browser{ctx}
}

// Page is a tab of a browser. Its methods fail the test if the browser fails.
type Page struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	requests []string
	errors   []string
}

// Open opens an address in a tab of its own, which closes with the test.
func (b *Browser) Open(t testing.TB, look Look, address string) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	p := &Page{t: t, ctx: ctx}
	// A context that ends would end what it began: the tab, and listening to it.
	err := chromedp.Do(ctx)
	if err == nil {
		err = chromedp.Listen(ctx, p.note)
	}
	if err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	p.run(func(ctx context.Context) error {
		if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
		return err
	})
	p.Look(look)
	p.Go(address)
	return p
}

// note keeps what a tab asked for, and what went wrong in it.
func (p *Page) note(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, ev.Request.URL)
	case *cdplog.EventEntryAdded:
		if ev.Entry.Level == cdplog.EntryLevelError {
			p.errors = append(p.errors, ev.Entry.Text+" "+ev.Entry.URL)
		}
	}
}

// Look changes how the tab is looked at.
func (p *Page) Look(look Look) {
	p.t.Helper()
	p.run(func(ctx context.Context) error {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(look.Width, 900)); err != nil {
			return err
		}
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}}
		if look.Dark {
			media.Features[0].Value = "dark"
		}
		if look.Print {
			media.Media = "print"
		}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.Silent})
		return err
	})
}

// Go leads the tab to another address, and waits until it is loaded.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.run(func(ctx context.Context) error { return chromedp.Do(ctx, chromedp.Navigate(address)) })
}

// Press presses keys, one after the other.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.run(func(ctx context.Context) error { return chromedp.Do(ctx, chromedp.KeyEvent(keys)) })
}

// PDF prints the page.
func (p *Page) PDF() (pdf []byte) {
	p.t.Helper()
	p.run(func(ctx context.Context) (err error) { pdf, err = chromedp.Run(ctx, chromedp.PrintToPDF()); return err })
	return pdf
}

// Picture draws the whole page, as a PNG.
func (p *Page) Picture() (png []byte) {
	p.t.Helper()
	p.run(func(ctx context.Context) (err error) {
		png, err = chromedp.Run(ctx, chromedp.FullScreenshot(100))
		return err
	})
	return png
}

// Requests returns the addresses that the tab has asked for.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Errors returns what the browser complains of: scripts that fail, what the page's
// policy refuses, answers that are errors.
func (p *Page) Errors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

// Evaluate returns what a JavaScript expression comes to in a page, or what its promise
// does. The page's own policy does not apply to it.
func Evaluate[T any](p *Page, expression string) (out T) {
	p.t.Helper()
	p.run(func(ctx context.Context) (err error) {
		out, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
		return err
	})
	return out
}

// run runs a step in the tab.
func (p *Page) run(step func(context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := step(ctx); err != nil {
		p.t.Fatal(err)
	}
}
