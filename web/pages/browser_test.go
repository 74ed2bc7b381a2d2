package pages_test

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

// chromium is the one browser of this test binary. Each test has a tab of its own.
var chromium struct {
	once sync.Once
	ctx  context.Context
	err  error
	end  func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.end != nil {
		chromium.end()
	}
	os.Exit(code)
}

func startChromium() {
	path := ""
	for _, name := range []string{os.Getenv("ROLLBOOK_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		chromium.err = fmt.Errorf("no Chromium: the pages cannot be tested; install it (apt-get install chromium), or name it in ROLLBOOK_TEST_CHROMIUM")
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("lang", "vi"), chromedp.WSURLReadTimeout(time.Minute))
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, endBrowser := chromedp.NewContext(allocator)
	chromium.ctx, chromium.err = ctx, chromedp.Do(ctx) //nolint:fatcontext // the browser's, of which each tab's is a child
	chromium.end = func() {
		endBrowser()
		endAllocator()
	}
}

// tab is a tab of the browser that notes what should not happen.
type tab struct {
	t   testing.TB
	ctx context.Context
	url string

	mu     sync.Mutex
	errors []string
}

// watch runs in every page before its own scripts. It notes what the policy for
// contents refused, which is somebody's script or a fault of ours, and gives
// hostile texts something to set.
const watch = `window.refused = []; window.executed = 0;
document.addEventListener("securitypolicyviolation", (e) => window.refused.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));
window.alert = window.confirm = window.prompt = () => { window.executed++; };`

// open opens a tab on an office.
func (o *office) open(t testing.TB) *tab {
	t.Helper()
	chromium.once.Do(startChromium)
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, url: o.url}
	err := chromedp.Listen(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			b.errors = append(b.errors, fmt.Sprintf("%s:%d: %s %v", ev.ExceptionDetails.URL, ev.ExceptionDetails.LineNumber, ev.ExceptionDetails.Text, ev.ExceptionDetails.Exception))
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.ConsoleAPICalledTypeError {
				b.errors = append(b.errors, fmt.Sprintf("console: %s", ev.Args[0].Value))
			}
		}
	})
	if err == nil { // a tab in the background would pause its streams
		_, err = chromedp.Call(ctx, page.BringToFront, cdp.Empty{})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// visit goes to a page and waits until its scripts have run.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.url+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// ask evaluates an expression.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return out
}

// do evaluates statements.
func (b *tab) do(statements string) {
	b.t.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](statements))
}

// patience is how long something in the browser may take.
const patience = 30 * time.Second

// until waits for an expression to be true, on the page that is there or on the
// one that comes after it.
func (b *tab) until(expression string) {
	b.t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end) && b.ctx.Err() == nil; {
		// It ends early when the page goes, and fails while the next is not there.
		if _, err = chromedp.Run(b.ctx, chromedp.Poll[bool]("document.readyState === 'complete' && "+expression, chromedp.WithPollingTimeout(patience/3), chromedp.WithPollingInterval(30*time.Millisecond))); err == nil {
			return
		}
	}
	b.t.Fatalf("waiting for %s: %v\n%s", expression, err, ask[string](b, "document.body.innerText"))
}

// wide sets how wide the window is, in CSS pixels.
func (b *tab) wide(width int64) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600})
	if err != nil {
		b.t.Fatal(err)
	}
}

// clean fails if something was refused, executed, or went wrong in a script.
func (b *tab) clean() {
	b.t.Helper()
	for _, refused := range ask[[]string](b, "window.refused") {
		b.t.Errorf("%s: the policy refused %s", ask[string](b, "location.pathname"), refused)
	}
	if n := ask[int](b, "window.executed"); n > 0 {
		b.t.Errorf("%s: a hostile text was executed %d times", ask[string](b, "location.pathname"), n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.errors {
		b.t.Errorf("script error: %s", e)
	}
	b.errors = nil
}

// accessible fails for what axe-core finds.
func (b *tab) accessible() {
	b.t.Helper()
	b.do(axe)
	found := ask[[]string](b, `axe.run({resultTypes: ["violations"]}).then((r) => r.violations.map((v) => v.id + " (" + v.impact + "): " + v.help + "\n  " + v.nodes.map((n) => n.html + " " + n.failureSummary).join("\n  ")))`)
	for _, f := range found {
		b.t.Errorf("%s: %s", ask[string](b, "location.pathname + location.search"), f)
	}
}

// narrow fails if the page is wider than a phone.
func (b *tab) narrow() {
	b.t.Helper()
	b.wide(375)
	if w := ask[int](b, "document.documentElement.scrollWidth"); w > 375 {
		widest := ask[[]string](b, `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > 376 && !e.closest(".scroll *")).map((e) => e.outerHTML.slice(0, 120))`)
		b.t.Errorf("%s is %d pixels wide on a phone of 375: %s", ask[string](b, "location.pathname"), w, strings.Join(widest, "\n"))
	}
	b.wide(1280)
}
