package view

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
)

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		Num(0): "0", Num(999): "999", Num(1000): "1,000", Num(18214): "18,214", Num(-7280): "−7,280", Num(int64(1_000_000)): "1,000,000",
		Credits(int64(22_219_000)): "22,219", Credits(int64(750)): "0.75", Credits(int64(-8_000_500)): "−8,000.5", Credits(int64(1)): "0.001",
		Signed(int64(50_000_000)): "+50,000", Signed(int64(0)): "0", Signed(int64(-1000)): "−1",
		Percent(11302, 18214): "62.1%", Percent(18213, 18214): "99.9%", Percent(18214, 18214): "100.0%", Percent(1, 1_000_000): "0.1%", Percent(0, 0): "0.0%",
		People(1): "1 person", People(18214): "18,214 people", Count(0, "row", "rows"): "0 rows",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2026, 11, 23, 11, 31, 0, 0, time.FixedZone("", -12600))
	for got, want := range map[string]string{
		When(at): "Mon 23 Nov, 11:31", Clock(at): "11:31", Date(at): "23 Nov 2026", LongWhen(at): "Monday 23 November at 11:31",
		Offset(at): "UTC−3:30", Offset(at.UTC()): "UTC", City("America/New_York"): "New York", City("UTC"): "UTC",
		Span(94 * time.Hour): "3 days and 22 hours", Span(time.Hour): "1 hour", Span(11 * time.Minute): "11 minutes", Span(0): "0 seconds",
		Ago(at, at): "just now", Ago(at, at.Add(2*time.Second)): "2 seconds ago", Initials("Maren Lund"): "ML", Initials("élodie"): "É", Initials(" "): "?",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func draw(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A message is shown letter by letter as it will be sent: no space added, markup of its own shown as text.
func TestBubbleKeepsEveryCharacter(t *testing.T) {
	got := draw(t, tokens([]Token{{Text: "a <b> "}, {Kind: FieldName, Text: "{x}"}, {Kind: Odd, Text: "’"}, {Text: "\n c"}, {Kind: Cut, N: 2}}))
	text := regexp.MustCompile(`<span class="cut".*?</span>2</span>|<[^>]*>`).ReplaceAllString(got, "")
	if text != "a &lt;b&gt; {x}’\n c" {
		t.Errorf("%q", text)
	}
}

// D29: the strips of the tide bar lie end to end and fill it.
func TestTideStripsFillTheBar(t *testing.T) {
	tide := TideProps{Total: 7, Places: []Place{{Key: "delivered", Count: 3}, {Key: "unreachable"}, {Key: "network", Count: 1}, {Key: "waiting", Count: 3}}}
	end := 0.0
	for _, s := range tide.strips() {
		if s.x < end-1e-9 || s.x > end+1e-9 {
			t.Errorf("a strip starts at %v, the last ended at %v", s.x, end)
		}
		end = s.x + s.w
	}
	if end < 1-1e-9 || end > 1+1e-9 {
		t.Errorf("the strips end at %v", end)
	}
	if w := tide.words(); w != "3 delivered, 1 on the network, 3 not sent yet" {
		t.Errorf("words %q", w)
	}
}

// D22: a balance that falls below zero is drawn below the line, and never outside the picture.
func TestForecastStaysInside(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	f := ForecastProps{End: now.AddDate(0, 0, 7), Points: []StepPoint{
		{At: now, After: 1_120_000}, {At: now.AddDate(0, 0, 1), After: -7_280_000, Sub: "x"}, {At: now.AddDate(0, 0, 9), After: -19_280_000},
	}}
	steps, zero := f.layout()
	for i, s := range steps {
		if s.x1 < 0 || s.x2 > 1 || s.y < forecastTop || s.y > forecastFoot || s.labelY < 10 {
			t.Errorf("step %d is outside: %+v", i, s)
		}
		if s.short != (s.y > zero) {
			t.Errorf("step %d: short %v at %v, zero at %v", i, s.short, s.y, zero)
		}
	}
	if s, _ := (ForecastProps{}).layout(); s != nil {
		t.Error("a forecast of nothing has steps")
	}
}

// The charts are drawn also before anything was measured.
func TestFlowChartOfNothing(t *testing.T) {
	now := time.Now()
	if got := draw(t, FlowChart(FlowProps{Total: 10, From: now, To: now})); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
		t.Error(got)
	}
}

// The content security policy refuses what this looks for; the browser tests see only pages that they visit.
func TestNoInlineStyleOrScript(t *testing.T) {
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	bad := regexp.MustCompile(`\sstyle=|\son[a-z]+=|<style|<script>|javascript:|hx-on|hx-vals="?js:`)
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(b), "\n") {
			if bad.MatchString(line) {
				t.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line))
			}
		}
	}
}
