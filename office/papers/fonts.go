package papers

import _ "embed" // the fonts

// Liberation Serif 2.1.5 has the metrics of Times New Roman, which offices are
// required to use, and every Vietnamese letter. SIL Open Font License 1.1: see
// fonts/LICENSE.
var (
	//go:embed fonts/LiberationSerif-Regular.ttf
	serifRegular []byte
	//go:embed fonts/LiberationSerif-Bold.ttf
	serifBold []byte
	//go:embed fonts/LiberationSerif-Italic.ttf
	serifItalic []byte
)

const serif = "serif"
