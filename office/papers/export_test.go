package papers

import (
	"fmt"

	"golang.org/x/image/font/sfnt"
)

// Missing returns the characters of a text for which one of the fonts has no glyph.
func Missing(text string) (missing string) {
	for _, file := range [][]byte{serifRegular, serifBold, serifItalic} {
		font, err := sfnt.Parse(file)
		if err != nil {
			return fmt.Sprint(err)
		}
		for _, r := range text {
			if g, err := font.GlyphIndex(nil, r); err != nil || g == 0 {
				missing += string(r)
			}
		}
	}
	return missing
}
