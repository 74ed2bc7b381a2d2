package main

// The help of every command in Vietnamese; the English stands with the command.
// A test fails for a command or a flag that is not here, for one here that is not
// there, and for a flag whose name means different things under one text.

// helpText is the help of a command.
type helpText struct{ short, long string }

// commandTexts are by the command's path without the program's name.
var commandTexts = map[string]helpText{
	"": {"Sổ đảng viên", `Rollbook giữ sổ đảng viên của một tổ chức đảng: mỗi sự việc ghi một lần, kèm ngày có hiệu lực; mọi số liệu
đều hỏi được tính đến một ngày bất kỳ và theo những gì đã biết tại một thời điểm bất kỳ.

Dùng thử:      rollbook demo
Sổ của mình:   rollbook import events.ndjson

Mã kết thúc: 0 xong; 1 lỗi không lường trước; 2 sai cách dùng; 3 xác minh không đạt hoặc thiếu bằng chứng;
4 xung đột; 5 không tìm thấy; 6 có dữ liệu bị từ chối; 7 doctor phát hiện lỗi; 8 không kết nối được hoặc
đang có tiến trình khác dùng; 130 bị ngắt.

Với --json, mỗi lệnh ghi đúng một tài liệu JSON ra đầu ra chuẩn, kể cả khi lỗi; nhật ký chạy và tiến độ ghi
ra đầu ra lỗi.`},
	"anchor": {"Căn cứ để đối chiếu nhật ký mỗi lần khởi động", ""},
	"anchor rebuild": {"Lập lại cây băm từ nhật ký hiện tại", `Bỏ những gì đã biết về nhật ký và lấy nhật ký hiện tại làm căn cứ. Chỉ làm sau khi khôi phục từ bản sao lưu,
hoặc khi mất cây băm mà chắc chắn nhật ký còn nguyên: sau đó không thể biết được nữa.`},
	"anchor show": {"Bao nhiêu bản ghi đã được xác nhận, với gốc nào", `Cho biết kích thước và gốc của cây băm trên nhật ký. Ai giữ hai số này ở nơi khác thì về sau biết được nhật ký
có bị cắt hay sửa không.`},
	"archive": {"Bản sao nhật ký ở dạng tệp thường, cho kiểm toán và dựng lại nhanh", `Chép những gì nhật ký có mà bản lưu trữ chưa có, đối chiếu từng bản ghi với lá của nó trong cây băm; ghi lại các
đoạn bị mất hoặc hỏng. Các mốc đã ký và chính sách nằm cùng thư mục, nên có thể mang đi xác minh riêng:
rollbook verify --archive THƯ_MỤC. Bản trong thư mục dữ liệu được dùng khi dựng lại và xuất.`},
	"attest": {"Một báo cáo được ký cùng nhật ký đã lập ra nó", `Lập báo cáo từ mọi thứ đã ghi và ký: hỏi gì, kết quả gì, từ nhật ký nào. Ai có nhật ký đều lập lại được bằng
rollbook check report. Báo cáo chưa đầy đủ (có đối tượng phải chờ hoặc thiếu khoá) thì không chứng thực.`},
	"backup": {"Sao lưu sổ trong khi đang dùng", `Sao lưu sổ vào một thư mục, nên ở đĩa khác, trong khi người khác vẫn ghi: từng bản ghi như đang lưu, đối chiếu với
cây băm; các mốc đã ký; các khoá đã bọc; và tài khoản của dịch vụ cùng nhật ký xem, không có phiên đăng nhập. Sao lưu
tiếp vào cùng thư mục thì thêm phần mới. Bị dừng giữa chừng thì bản trước vẫn nguyên.

Khoá chính mở được mọi họ tên trong bản sao lưu, và khoá của nhật ký ký thay tên sổ. Cả hai không nằm trong đó trừ
khi được yêu cầu: hãy giữ bản sao của chúng ở nơi khác. Không có khoá chính thì dữ liệu cá nhân trong bản sao lưu
coi như mất.`},
	"bench": {"Đo máy này, so với JetStream trần trong cùng lần chạy", ""},
	"bench append": {"Ghi nhanh đến đâu, so với JetStream trần", `Ghi vào một nhật ký sẽ bỏ đi, xen kẽ với máy chủ trần: cùng các bản tin, điều kiện và độ bền. Đĩa đo là đĩa của
thư mục tạm; TMPDIR chỉ thư mục khác.`},
	"bench audit": {"Bằng chứng tốn bao nhiêu, so với bộ đọc trần", `Nhập các sự kiện của bản demo, nhân mỗi người lên nhiều lần, vào một sổ sẽ bỏ đi; dựng cây băm, xác minh từ nhật
ký và từ bản lưu trữ, dựng lại các bảng số liệu từ bản lưu trữ, và lập bằng chứng.`},
	"bench projections": {"Lập và hỏi các bảng số liệu nhanh đến đâu, so với bộ đọc trần", `Nhập các sự kiện của bản demo, nhân mỗi người lên nhiều lần, vào một sổ sẽ bỏ đi; dựng lại các bảng số liệu xen kẽ
với bộ đọc trần trên cùng luồng; theo dõi trực tiếp; hỏi báo cáo. Các bảng nằm trong tệp, hoặc trong PostgreSQL của
--database, ở lược đồ riêng (?schema=TÊN). Đĩa đo là đĩa của thư mục tạm; TMPDIR chỉ thư mục khác.`},
	"bundle": {"Bằng chứng về toàn bộ lịch sử của một đảng viên, trong một tệp", `Ghi các bản ghi của đảng viên như đang lưu (phần niêm phong vẫn niêm phong), kèm bằng chứng rằng từng bản ghi nằm
trong nhật ký và không thiếu bản nào, dưới một mốc đã ký; hoặc bằng chứng rằng nhật ký không có người này.
rollbook check xác minh tệp khi không có mạng.`},
	"check": {"Xác minh một tệp bằng chứng, chỉ cần tệp chính sách", `Xác minh mốc bằng các khoá của chính sách (--policy), rằng từng bản ghi nằm trong nhật ký, và không bỏ sót bản ghi
nào của đảng viên. Không cần gì của sổ. Hãy ghi tên đảng viên để chắc tệp nói về đúng người.`},
	"check report": {"Lập lại báo cáo đã chứng thực từ nhật ký và so sánh", `Xác minh chữ ký, rằng báo cáo được lập từ trạng thái trước đó của nhật ký này, và bằng cách đọc lại các bản ghi đến
đó, rằng kết quả giống hệt. Nếu không, dòng đầu tiên khác được nêu ra.`},
	"checkpoint":        {"Nhật ký đi đến đâu, có chữ ký", ""},
	"checkpoint list":   {"Mọi mốc đã ký đang giữ, cũ nhất trước", ""},
	"checkpoint notice": {"Mốc mới nhất để niêm yết, kèm mã QR", `Ai đã thấy tờ giấy đều có thể đối chiếu với nhật ký về sau. Mã chứa toàn bộ mốc đã ký.`},
	"checkpoint policy": {"Tệp chính sách mà bên khác cần để xác minh sổ này", `Ghi chính sách của sổ chưa có bên làm chứng: khoá công khai của sổ. Bên làm chứng và số tối thiểu được thêm thành
từng dòng (C2SP tlog-policy).`},
	"checkpoint restart": {"Lập lại bộ nhớ của bên ký từ mốc mới nhất đang giữ", `Chỉ dùng khi mất bộ nhớ, hoặc sau khi khôi phục nhật ký mà chưa từng ký gì mới hơn: bên ký quên thì có thể ký một
lịch sử thứ hai, và chỉ bên làm chứng hoặc mốc cũ mới cho biết.`},
	"checkpoint show": {"Mốc đã ký mới nhất", ""},
	"checkpoint sign": {"Ký ngay nhật ký hiện tại và hỏi các bên làm chứng", `Sổ đang mở tự ký mười giây một lần khi có thêm bản ghi, khi đóng và cuối mỗi ngày. Lệnh này ký ngay, và hỏi lại
những bên làm chứng chưa ký.`},
	"completion": {"Ghi tập lệnh gợi ý cho bash, zsh, fish hoặc powershell", `Ghi tập lệnh giúp shell gợi ý các lệnh, tham số và loại sự kiện của rollbook.

  bash:        source <(rollbook completion bash)
  zsh:         rollbook completion zsh > "${fpath[1]}/_rollbook"
  fish:        rollbook completion fish > ~/.config/fish/completions/rollbook.fish
  powershell:  rollbook completion powershell | Out-String | Invoke-Expression`},
	"completion bash":       {"Tập lệnh cho bash", ""},
	"completion fish":       {"Tập lệnh cho fish", ""},
	"completion powershell": {"Tập lệnh cho powershell", ""},
	"completion zsh":        {"Tập lệnh cho zsh", ""},
	"demo": {"Một sổ với nhân thân hư cấu để xem thử", `Lập sổ của người dùng đầu tiên, đảng bộ một huyện miền núi, với cơ cấu và tổng số thật, nhân thân hư cấu, rồi cho
xem số liệu. Các sự kiện đi qua lệnh nhập thông thường, mọi số liệu lấy từ báo cáo thông thường.

Sổ nằm trong thư mục dữ liệu (--data), thư mục này phải trống hoặc đã có bản demo; chạy lại không thay đổi gì. Sau đó
phục vụ các trang web cho đến khi bị ngắt; --no-serve thì dừng trước đó.`},
	"events":        {"Đọc các sự kiện trong nhật ký và các loại sự kiện; duy trì luồng sự kiện", ""},
	"events export": {"Ghi các sự kiện ra NDJSON", `Ghi các sự kiện của nhật ký, hoặc một khoảng, mỗi dòng một sự kiện. rollbook import đọc lại được.`},
	"events publish": {"Duy trì luồng sự kiện cho phần mềm khác theo kịp nhật ký", `Đưa mỗi bản ghi thành một tin CloudEvents trong luồng FEED, đúng một lần, dưới số thứ tự của chính nó; tiếp tục với
các bản ghi mới đến khi bị dừng. Dữ liệu cá nhân vẫn niêm phong. docs/feed.md nói phần mềm khác đọc thế nào.`},
	"events schema": {"Ghi JSON Schema của một loại sự kiện", `Ghi JSON Schema (2020-12) của một loại sự kiện, cho cả sự kiện hoặc phần data; các định nghĩa event, data, feed và
feed_data phân biệt nội dung trong tệp với nội dung trên luồng.`},
	"events tail": {"Ghi các sự kiện khi chúng đến", `Ghi các sự kiện từ một số thứ tự, mỗi dòng một sự kiện, rồi từng sự kiện mới khi được lưu, đến khi bị dừng hoặc,
với --until-end, đến cuối nhật ký.

--organisation chọn sự kiện của tổ chức và cấp dưới: của tổ chức, của bản, và của những người thuộc đó trước hoặc
sau sự kiện.`},
	"events types": {"Liệt kê các loại sự kiện", `Liệt kê các loại sự kiện mà chương trình biết: nói về ai, trường nào là dữ liệu cá nhân, có từ bản nào. Với --json
còn có mọi trường.`},
	"explain": {"Cho biết sự kiện nào tạo ra khác biệt giữa hai báo cáo", ""},
	"explain headcount": {"Vì sao số đảng viên không còn như trước", `So sánh số đảng viên của hai ngày, của hai thời điểm biết thông tin, hoặc cả hai, và liệt kê các sự kiện của từng ô
khác nhau, theo nguyên nhân. Các phần cộng lại bằng chênh lệch.`},
	"explain indicators": {"Vì sao các chỉ tiêu không còn như trước", `So sánh chỉ tiêu của hai ngày, mỗi ngày tính theo năm của nó đến ngày đó, hoặc của hai thời điểm biết thông tin, và
liệt kê các sự kiện của từng số đếm tạo nên chỉ tiêu.`},
	"explain movements": {"Sự kiện nào tạo nên biến động của một kỳ", `Liệt kê các sự kiện của từng dòng biến động trong kỳ. Với --known-from thì liệt kê những gì đã thay đổi từ đó: ghi
muộn, sửa sai hoặc thay đổi tổ chức.`},
	"help":    {"Giải thích một lệnh", ""},
	"history": {"Xem quá trình của một đảng viên, tổ chức hoặc bản", `Xem mọi mục về member/MÃ, organisation/MÃ hoặc village/MÃ theo thứ tự có hiệu lực, kèm tình trạng sau mỗi mục.`},
	"import": {"Lưu các sự kiện trong tệp", `Lưu các sự kiện trong tệp, mỗi dòng một sự kiện (NDJSON). "-" là đầu vào chuẩn.

Mọi tệp được mở và xem trước khi lưu bất cứ gì. Dòng đúng vẫn được lưu dù dòng khác bị từ chối; mỗi lần từ chối
nêu dòng, trường và cách sửa. Nhập lại một tệp không thay đổi gì: những gì đã có được tính là không đổi.

Lần nhập đầu tiên lập sổ nếu thư mục dữ liệu trống.`},
	"nats": {"Chuẩn bị máy chủ NATS cho nhật ký", ""},
	"nats init": {"Tạo nhật ký, hoặc luồng sự kiện, trên máy chủ NATS", `Tạo nhật ký trên các máy chủ mà --nats chỉ, với tài khoản được phép tạo stream; hoặc luồng sự kiện, với --feed và
--feed-nkey. Bản thân sổ không cần các tài khoản này. Những gì đã có được kiểm tra và giữ nguyên.`},
	"nats keys": {"Tạo tài khoản cho máy chủ NATS", `Tạo nkey cho từng tài khoản mà cấu hình ở deploy/nats biết, mỗi khoá một tệp, và users.conf với các khoá công khai
để máy chủ dùng. Khoá đã có được giữ.`},
	"projections": {"Các bảng số liệu: liệt kê, dựng lại, so sánh, chuyển, kiểm tra", ""},
	"projections check": {"Dựng lại các bảng số liệu theo nhiều cách; tất cả phải giống nhau", `Đọc lại nhật ký nhiều lần, với cỡ lô, số luồng, giao dịch và múi giờ khác nhau, và so từng lần với các bảng đang
dùng, đến từng byte. Không thay đổi gì. Mã kết thúc là 3 nếu có khác biệt.`},
	"projections diff": {"So các bảng số liệu với việc đọc lại nhật ký; không thay đổi gì", `Dựng lại các bảng số liệu từ nhật ký như projections rebuild, so với các bảng đang dùng, nêu từng khác biệt cùng lý
do, rồi bỏ bản mới. Mã kết thúc là 3 nếu có khác biệt.`},
	"projections list": {"Từng bảng số liệu đến đâu, và ai đang phải chờ", `Cho biết từng bảng số liệu đã đến đâu, có bao nhiêu dòng, và các đối tượng phải chờ vì có bản ghi không hiểu được.
Không thay đổi gì.`},
	"projections rebuild": {"Dựng lại các bảng số liệu từ nhật ký, so sánh và chuyển", `Dựng lại các bảng số liệu từ toàn bộ nhật ký, bên cạnh các bảng đang dùng vẫn được đọc và ghi; so sánh hai bên, nêu
từng khác biệt cùng lý do, và chuyển ngay. Bản trước được giữ: projections switch --back quay lại. Bị dừng giữa
chừng thì không để lại gì.

Nếu ghi tên bảng thì chỉ lập lại các bảng ấy, bảng khác giữ nguyên: headcount, movements, indicators. Với một
đối tượng như member/MÃ hoặc organisation/MÃ thì chỉ phần của nó được dựng lại, với tổ chức là cả những người từng
ở đó.

Nếu kết quả khác trước mà chính bản chương trình này đã lập, thì bản cũ đã hỏng: bản mới được dùng, mã kết thúc là 3.`},
	"projections switch": {"Quay lại ngay các bảng số liệu trước lần dựng lại gần nhất", `Dùng lại các bảng số liệu mà lần dựng lại gần nhất đã thay. Chỉ một dòng thay đổi; gọi lần nữa là trở về. Lệnh đọc
số liệu tiếp theo sẽ đưa chúng đến cuối nhật ký.`},
	"record": {"Ghi một sự kiện", `Ghi một sự kiện về đảng viên, tổ chức hoặc bản.

--data là nội dung sự kiện, một đối tượng JSON; "--data -" đọc từ đầu vào chuẩn, để họ tên không nằm trong danh sách
tiến trình. Ở lệnh này --data có thể ghi hai lần: phần bắt đầu bằng { là nội dung sự kiện, phần còn lại là thư mục
dữ liệu.

Ghi lại cùng một sự việc không thay đổi gì và được trả lời "không đổi".`},
	"report": {"Trả lời bằng số liệu, danh sách và biểu thống kê", ""},
	"report admissions": {"Kết nạp trong kỳ, chia theo từng tiêu chí", `Đếm số được kết nạp trong kỳ theo nguồn, dân tộc, giới tính, tôn giáo, độ tuổi, trình độ và nghề nghiệp, như vào ngày
kết nạp: mỗi tiêu chí cộng lại bằng số kết nạp của biến động. Ngày sinh, trình độ và nghề nghiệp chỉ mở để trả lời lần này.`},
	"report badges": {"Huy hiệu Đảng đã tặng trong kỳ, theo số năm", `Đếm số Huy hiệu Đảng đã tặng trong kỳ theo số năm tuổi Đảng.`},
	"report confirmations": {"Công nhận chính thức trong kỳ, và các trường hợp đến hạn", `Đếm số được công nhận chính thức trong kỳ, đúng hạn (trong 30 ngày sau mười hai tháng dự bị) hoặc muộn; và số mà cuối
kỳ đã hết mười hai tháng nhưng chưa có quyết định, trong đó bao nhiêu đã quá 30 ngày.`},
	"report discipline": {"Hình thức kỷ luật trong kỳ, và khai trừ", `Đếm các lượt kỷ luật trong kỳ theo hình thức, và số khai trừ, bằng số khai trừ của biến động.`},
	"report headcount": {"Có bao nhiêu đảng viên, chia theo tiêu chí cần hỏi", `Đếm đảng viên dự bị và chính thức vào cuối một ngày. --by là một hay nhiều trong ethnicity, status, gender, religion,
organisation, cách nhau bằng dấu phẩy.`},
	"report indicators": {"Các chỉ tiêu của năm, mỗi chỉ tiêu kèm mẫu số", `Tính các chỉ tiêu của một tổ chức trong năm, đến ngày cuối năm hoặc đến --as-of nếu sớm hơn. --children thêm một dòng
cho mỗi tổ chức trực thuộc.`},
	"report movements": {"Số đảng viên từ ngày này đến ngày kia thay đổi thế nào", `Cho biết số đảng viên cuối ngày đầu, tăng và giảm sau đó, và số cuối ngày cuối. --children thêm một dòng cho mỗi tổ
chức trực thuộc.`},
	"report ratings": {"Xếp loại đảng viên và tổ chức cơ sở trong năm, và số chưa xếp loại", `Đếm đảng viên và tổ chức cơ sở đảng theo mức xếp loại của năm, đến ngày cuối năm hoặc đến --as-of nếu sớm hơn, và số
chưa xếp loại. Tỷ lệ tính trên số đã xếp loại.`},
	"report register": {"Danh sách đảng viên, theo tên", `Liệt kê những người trong danh sách vào cuối một ngày, theo tên như cách xếp tiếng Việt. --search tìm tên không phân
biệt hoa thường và dấu: mỗi từ phải là đầu một từ của họ tên. Họ tên chỉ mở để trả lời lần này.`},
	"report structure": {"Cơ cấu đội ngũ đảng viên theo từng tiêu chí", `Đếm đảng viên cuối một ngày theo dân tộc, giới tính, tôn giáo, độ tuổi, trình độ, nghề nghiệp và tình trạng: mỗi
tiêu chí cộng lại bằng tổng số. Ngày sinh, trình độ và nghề nghiệp chỉ mở để trả lời lần này; không mở được thì tính là không rõ.`},
	"report villages": {"Bản chưa có đảng viên, có 1 đến 2, chưa có chi bộ, sinh hoạt ghép", `Đếm các bản của từng xã theo chi bộ và theo số đảng viên, tức đảng viên của chi bộ riêng của bản. Với bản sinh hoạt ghép,
sổ không biết đảng viên nào của bản nào.`},
	"report worklist": {"Việc đến hạn và quá hạn", `Liệt kê việc cần làm vào một ngày: công nhận chính thức, xếp loại, Huy hiệu Đảng, quần chúng chưa có người giúp đỡ,
chỉ tiêu chậm kế hoạch, bản chưa có chi bộ riêng. Họ tên vẫn niêm phong: mỗi dòng ghi mã đảng viên.`},
	"restore": {"Lập lại sổ từ bản sao lưu, nếu gốc khớp", `Lập lại sổ từ bản sao lưu, trong một thư mục dữ liệu trống. Chỉ được chấp nhận khi mọi tệp đúng như lúc ghi, các bản
ghi khớp mọi mốc đã ký trong đó, và nhật ký lập ra từ chúng cho lại cùng gốc. Nếu không thì không để lại gì, số thứ
tự sai đầu tiên được nêu, mã kết thúc là 3.

Hãy chỉ khoá chính bằng --master-key nếu nó không nằm trong bản sao lưu. Với --anchor TỆP, bản sao lưu được so với
những gì đã ký: bản cũ hơn bị từ chối, vì các bản ghi sau đó bị mất và ai giữ mốc sau đều chứng minh được chúng đã
có; --accept-rollback vẫn khôi phục.

Sau khi khôi phục, không ký gì cho đến khi có người xác nhận không còn mốc nào muộn hơn: xem rollbook help checkpoint
restart.`},
	"serve": {"Phục vụ sổ qua HTTP", `Phục vụ sổ qua HTTP: giao diện cho phần mềm dưới /api/v1 (mô tả ở /openapi.json), các trang cho người dùng, /healthz và
/readyz. Các bảng số liệu, các mốc và luồng sự kiện được duy trì theo nhật ký.

Ai là chủ thư mục dữ liệu cũng vào được qua socket rollbook.sock trong đó mà không cần đăng nhập. Sổ được lập nếu thư
mục trống.

Với --role, một tiến trình chỉ làm một phần việc bên cạnh các tiến trình khác: api trả lời và ghi, projector cập nhật
các bảng số liệu, auditor ký các mốc, feed phát luồng sự kiện. Mỗi tiến trình có thư mục dữ liệu riêng với ledger.json
và, trừ auditor, tệp policy của nó (rollbook checkpoint policy); xem docs/handbook-operator.md.

Nếu biến môi trường OTEL_EXPORTER_OTLP_ENDPOINT được đặt, vết (traces) được gửi đến đó theo OpenTelemetry qua HTTP.`},
	"sign": {"Ký các mốc cho một sổ, như một tiến trình hay một người riêng", `Giữ khoá của nhật ký tách khỏi nhật ký: ai có nhật ký cũng không ký được bản khác. Sổ hỏi bằng --signer. Bên ký nhớ
những gì đã ký và không ký gì không nối tiếp; bộ nhớ của nó không được nằm trong bản sao lưu dùng để khôi phục nhật
ký. Khoá và bộ nhớ được tạo ở lần khởi động đầu, cho sổ của --data, nếu chưa có.`},
	"verify": {"Tính lại mọi thứ và so sánh", `Tính lại mọi thứ từ các byte đang lưu: từng bản ghi với lá của nó trong cây băm, các bản ghi với mọi mốc đang giữ,
từng lịch sử với chính nó, và các bảng số liệu với việc đọc lại. Không cần khoá dữ liệu cá nhân. Bản phản chiếu của
nhật ký trên máy chủ NATS của --nats được kiểm bằng những gì sổ giữ cạnh nhật ký, hoặc bằng các mốc mà người kiểm tra
đã giữ.

Chỗ sai đầu tiên được nêu kèm mã, tính chất (damaged, altered, cut, not yet readable) và số thứ tự sai đầu tiên. Mã
kết thúc: 0 đạt, 3 không đạt hoặc thiếu bằng chứng, 1 không làm được.`},
	"version":      {"Cho biết bản chương trình", ""},
	"witness":      {"Làm chứng cho các mốc của sổ khác", ""},
	"witness init": {"Lập một bên làm chứng: khoá và bộ nhớ", ""},
	"witness serve": {"Chỉ ký những gì nối dài thêm, không ký gì khác", `Trả lời POST /add-checkpoint (C2SP tlog-witness) cho các nhật ký mà tệp chính sách của --policy nêu. Bên làm chứng đòi
bằng chứng rằng nhật ký chỉ nối dài từ lần ký trước, và giữ lại những gì đã từ chối. Có thể đặt sau một proxy để hỏi
qua mạng.`},
	"access": {"Ai được làm gì trong dịch vụ: tài khoản, quyền, mã truy cập, nhật ký xem", `Cho biết ai được làm gì trong dịch vụ của sổ này. Tài khoản, quyền và mã truy cập nằm trong access.db của thư mục dữ
liệu (với --database thì trong PostgreSQL), nên dùng được khi dịch vụ đang chạy và có hiệu lực ngay.

Vai trò được giao trên một tổ chức và mọi cấp dưới, hoặc trên toàn sổ: clerk (ghi sổ), manager (như clerk, thêm quyền
ghi ngoại lệ), auditor (đọc và xác minh; mở dữ liệu cá nhân phải nêu lý do), reporter (số liệu, không có số nhỏ),
operator (vận hành dịch vụ; không xem đảng viên).`},
	"access add":       {"Thêm tài khoản, chưa có quyền nào", ""},
	"access bind":      {"Cho một người đăng nhập vào tài khoản tại nơi cấp danh tính (OpenID)", ""},
	"access unbind":    {"Không cho đăng nhập vào tài khoản tại nơi cấp danh tính nữa", ""},
	"access disable":   {"Khoá mọi cách đăng nhập của một tài khoản, ngay lập tức", ""},
	"access end-token": {"Huỷ một mã truy cập", ""},
	"access grant":     {"Giao cho tài khoản một vai trò trên tổ chức và mọi cấp dưới", ""},
	"access invite":    {"Tạo liên kết để chọn tên đăng nhập và mật khẩu", ""},
	"access list":      {"Các tài khoản và quyền của họ", ""},
	"access readings":  {"Ai đã xem, xuất và giao quyền gì, mới nhất trước", ""},
	"access revoke":    {"Thu hồi một vai trò", ""},
	"access token":     {"Tạo mã truy cập cho chương trình", ""},
	"access tokens":    {"Các mã truy cập, theo phần đầu của chúng", ""},
	"bench serve": {"Dịch vụ chịu được bao nhiêu, và làm gì khi quá tải", `Phục vụ sổ mẫu, xong thì bỏ, và gửi sự kiện qua TCP từ chính tiến trình này: nhịp đều trong khi có báo cáo, gấp năm
lần, rồi nhịp đều trở lại. Cuối cùng mọi sự kiện đã xác nhận phải có trong nhật ký đúng một lần, còn sự kiện bị từ
chối thì không.`},
	"config":       {"Các thiết đặt đang dùng và tệp cấu hình", ""},
	"config check": {"Một tệp cấu hình đặt những gì, hoặc sai ở đâu", `Đọc một tệp cấu hình và cho biết sai ở đâu, hoặc đặt những gì. Không thay đổi gì.`},
	"config show": {"Từng thiết đặt và lấy từ đâu", `Cho biết từng thiết đặt, giá trị, và lấy từ tham số, biến môi trường, tệp cấu hình mà --config hoặc ROLLBOOK_CONFIG
chỉ ra, hay là mặc định. Mật khẩu trong địa chỉ cơ sở dữ liệu không được hiện ra.`},
	"doctor": {"Tìm chỗ hỏng và nêu cách chữa", `Xem sổ và những gì sổ dựa vào, không thay đổi gì, và cho biết từng thứ tốt (PASS), cần xem (WARN) hay hỏng (FAIL),
kèm cách chữa. Nhật ký được xem trên bản sao nên bằng chứng còn nguyên. Cũng dùng được khi tiến trình khác đang giữ
sổ, trong phạm vi có thể.

Mã kết thúc 7 nếu có thứ hỏng; cảnh báo thì không.`},
	"explain findings": {"Vì sao các trường hợp chưa đúng quy định thay đổi", `So sánh các trường hợp chưa đúng quy định của hai ngày, của hai thời điểm hiểu biết, hoặc cả hai: phát sinh thêm gì,
hết những gì, và sự kiện liên quan, theo nguyên nhân. Các phần cộng lại đúng bằng chênh lệch.`},
	"policy": {"Các quy định thi hành Điều lệ, theo ngày có hiệu lực", ""},
	"policy list": {"Các phiên bản của quy định", `Liệt kê các phiên bản quy định dùng để xét các mục, ngày có hiệu lực và những gì mỗi phiên bản thay đổi. Quy định
riêng của một tổ chức là mục trong sổ: organisation.policy_adopted.`},
	"policy show": {"Mọi quy định theo một phiên bản", `Cho biết từng quy định trong một phiên bản của Trung ương: tham số, căn cứ, thế nào là chưa đúng.`},
	"policy try": {"Một phiên bản dự thảo sẽ thay đổi gì; không lưu gì", `Xét mọi mục một lần theo quy định hiện hành và một lần có thêm phiên bản dự thảo, rồi liệt kê những trường hợp sẽ
phát sinh và sẽ hết. Đây là thử nghiệm: chưa có hiệu lực và không lưu gì.`},
	"report findings": {"Các mục chưa đúng quy định thi hành Điều lệ", `Xét mọi mục theo quy định có hiệu lực với mục đó, và liệt kê các trường hợp chưa đúng: quy định, phiên bản, mục,
căn cứ, cách khắc phục, và cấp có thẩm quyền có cho phép ngoại lệ không. Xét các mục có hiệu lực từ --from đến --to
(hoặc --as-of); đính chính về sau sẽ xoá trường hợp đó.`},
	"template": {"Mẫu bảng mà lệnh import đọc được", `Liệt kê các loại bảng mà 'rollbook import' đọc, hoặc ghi bảng tính mẫu của một loại, có danh sách chọn; tổ chức lấy từ
sổ nếu có. 'rollbook template mapping LOẠI' cho biết các tiêu đề cột được nhận.`},
	"template list":    {"Các loại bảng", ""},
	"template mapping": {"Các tiêu đề cột được nhận của một loại, dạng import --mapping đọc", ""},
	"template write":   {"Ghi bảng tính mẫu của một loại", ""},
}

// flagTexts are by the flag's name or, where it means something else there, by the
// command's path and the name.
var flagTexts = map[string]string{
	"help":                         "xem cách dùng",
	"with-master-key":              "kèm khoá chính: ai có bản sao lưu đọc được mọi thứ trong đó",
	"with-signing-keys":            "kèm các khoá ký mốc và báo cáo: ai có bản sao lưu ký được thay tên sổ",
	"accept-rollback":              "khôi phục cả bản sao lưu cũ hơn những gì --anchor cho thấy đã ký; các bản ghi sau đó bị mất",
	"config":                       "tệp cấu hình, xem docs/configuration.md; tham số và biến môi trường đi trước (ROLLBOOK_CONFIG)",
	"serve --role":                 "các phần việc của tiến trình này; ít hơn tất cả thì cần --nats, --database và --anchor dùng chung (ROLLBOOK_ROLE)",
	"serve --listen":               "địa chỉ để nghe (ROLLBOOK_LISTEN)",
	"serve --name":                 "tên sổ, khi lệnh này lập sổ (mặc định ledger)",
	"actor":                        "bí danh của người ghi",
	"after":                        "mã của người cuối trang trước",
	"ahead":                        "nhìn trước bao nhiêu ngày",
	"anchor":                       "tệp bên ngoài để thêm từng mốc, trên đĩa khác hoặc thư mục chung; có thể ghi nhiều lần (ROLLBOOK_ANCHORS, cách nhau bằng dấu phẩy)",
	"archive":                      "chỉ xác minh bản lưu trữ này, theo chính sách của --policy hoặc chính sách nằm trong đó; không cần sổ",
	"as-of":                        "ngày cuối được tính, dạng 31/12/2022 hoặc 2022-12-31; không ghi thì là hôm nay",
	"history --as-of":              "ngày cuối được tính, dạng 31/12/2022 hoặc 2022-12-31; không ghi thì là mọi mục",
	"atomic":                       "lưu tất cả các dòng hoặc không dòng nào (tối đa 1.000 bản ghi)",
	"back":                         "về bản trước",
	"attest --by":                  "tiêu chí của số đảng viên, như ở rollbook report headcount",
	"report structure --by":        "chỉ theo các tiêu chí này, cách nhau bằng dấu phẩy: ethnicity, gender, religion, age, education, occupation, status",
	"report admissions --by":       "chỉ theo các tiêu chí này, cách nhau bằng dấu phẩy: source, ethnicity, gender, religion, age, education, occupation",
	"report headcount --by":        "chia theo tiêu chí nào: ethnicity, status, gender, religion, organisation",
	"explain headcount --by":       "chia số đảng viên theo tiêu chí nào, như ở report headcount",
	"bytes":                        "cỡ một bản ghi",
	"checkpoints":                  "cùng --mirror: tệp có các mốc đã ký, ví dụ một tệp của --anchor, được xác minh theo --policy; khi đó không cần sổ, và --tree cho biết bản ghi đầu tiên bị khác",
	"children":                     "thêm từng tổ chức trực thuộc",
	"attest --children":            "cả chỉ tiêu của các tổ chức trực thuộc",
	"data":                         "thư mục dữ liệu (ROLLBOOK_DATA)",
	"record --data":                "nội dung sự kiện, một đối tượng JSON; hoặc thư mục dữ liệu (ROLLBOOK_DATA)",
	"database":                     "cơ sở dữ liệu PostgreSQL cho các bảng số liệu và khoá của sổ mới, dạng postgres://NGƯỜI_DÙNG@MÁY_CHỦ/TÊN; không ghi thì dùng tệp trong thư mục dữ liệu (ROLLBOOK_DATABASE, PGPASSWORD)",
	"dated":                        "trên giấy: ngày lập, dạng 31/12/2022 hoặc 2022-12-31; không ghi thì là hôm nay",
	"dir":                          "thư mục của bên làm chứng",
	"drill":                        "kèm ai và sự kiện nào tạo nên từng số",
	"dry-run":                      "quyết định từng dòng nhưng không lưu gì",
	"effective-on":                 "ngày có hiệu lực, dạng 31/12/2022 hoặc 2022-12-31",
	"exception":                    `cấp có thẩm quyền cho phép khác quy định: {"rule":…,"reason":…,"authority":…}`,
	"feed":                         "tạo luồng sự kiện, không phải nhật ký",
	"feed-nkey":                    "tệp chứa khoá nkey cho luồng sự kiện trên máy chủ NATS (ROLLBOOK_FEED_NKEY)",
	"for":                          "mỗi bên của mỗi phép đo kéo dài ít nhất bao lâu",
	"format":                       "table, csv, xlsx, pdf hoặc json (không ghi thì là table, hoặc theo đuôi tệp của --output)",
	"from":                         "kỳ mở đầu từ cuối ngày này, dạng 31/12/2021 hoặc 2021-12-31",
	"explain headcount --from":     "ngày của số đảng viên thứ nhất, tính cuối ngày; không ghi thì là ngày thứ hai",
	"attest --from":                "ngày mà cuối ngày là đầu kỳ biến động",
	"verify --from":                "tệp có mốc đã ký được tin: những gì mốc bao trùm không đọc lại",
	"events export --from":         "số thứ tự đầu",
	"events tail --from":           "số thứ tự đầu",
	"explain indicators --from":    "ngày cuối của báo cáo thứ nhất; không ghi thì là ngày thứ hai",
	"id":                           "mã của sự kiện; không ghi thì tạo từ nội dung",
	"json":                         "ghi một tài liệu JSON ra đầu ra chuẩn",
	"sign --key":                   "tệp chứa khoá của nhật ký, ví dụ log.key của thư mục dữ liệu, chuyển về đây",
	"check report --key":           "khoá công khai phải đã ký; không ghi thì là khoá của sổ",
	"kind":                         "chỉ các loại này, cách nhau bằng dấu phẩy: review, confirmation, rating, organisation_rating, badge, reception, mentor, quota, target, village_cell, village_members",
	"known-at":                     "số thứ tự cuối được tính, hoặc thời điểm như 2023-01-31T17:00:00+07:00; không ghi thì là mọi thứ đã ghi",
	"known-from":                   "báo cáo thứ nhất biết đến đâu: số thứ tự, hoặc thời điểm như 2023-01-31T17:00:00+07:00",
	"known-to":                     "báo cáo thứ hai biết đến đâu; không ghi thì là mọi thứ đã ghi",
	"lang":                         "ngôn ngữ của thông báo và bảng: vi hoặc en (ROLLBOOK_LANG, LC_ALL, LANG)",
	"limit":                        "tối đa bao nhiêu dòng; 0 là tất cả",
	"witness serve --listen":       "địa chỉ để nghe, dạng MÁY_CHỦ:CỔNG hoặc unix:///ĐƯỜNG_DẪN",
	"sign --listen":                "socket để nghe, dạng unix:///ĐƯỜNG_DẪN; chỉ chủ của nó hỏi được",
	"log-only":                     "bỏ qua các bảng số liệu",
	"master-key":                   "tệp khoá chính, tạo cùng với sổ; không ghi thì là master.key trong thư mục dữ liệu (ROLLBOOK_MASTER_KEY)",
	"max-age":                      "từ chối mốc không có đủ bên làm chứng ký trong khoảng này; 0 là không hỏi",
	"members":                      "sổ có khoảng bao nhiêu đảng viên, mỗi người chừng mười sự kiện",
	"memory":                       "tệp ghi những gì đã ký, ví dụ signer.json của thư mục dữ liệu, chuyển về đây",
	"metrics":                      "dạng Prometheus đọc được, cho tệp mà node exporter thu thập",
	"min-position":                 "trả lời từ các bảng số liệu đã đến ít nhất số thứ tự này, ví dụ của chính lần ghi vừa rồi",
	"mirror":                       "kiểm tra bản phản chiếu này của nhật ký, một luồng trên máy chủ của --nats",
	"import --name":                "tên sổ, khi lệnh nhập lập sổ (mặc định ledger)",
	"witness init --name":          "tên của bên làm chứng, ví dụ auditor.example/w1",
	"nats":                         "các máy chủ NATS giữ nhật ký, ví dụ tls://n1:4222,tls://n2:4222,tls://n3:4222; không ghi thì nhật ký ở thư mục dữ liệu (ROLLBOOK_NATS)",
	"nats-ca":                      "tệp chứng chỉ để kiểm tra máy chủ NATS (ROLLBOOK_NATS_CA)",
	"nats-cert":                    "tệp chứng chỉ của chương trình này cho máy chủ NATS (ROLLBOOK_NATS_CERT)",
	"nats-key":                     "tệp khoá của chứng chỉ đó (ROLLBOOK_NATS_KEY)",
	"nkey":                         "tệp chứa khoá nkey cho máy chủ NATS (ROLLBOOK_NKEY)",
	"no-serve":                     "sau đó không phục vụ trang web",
	"office":                       "trên giấy: tổ chức lập báo cáo; không ghi thì là tổ chức được hỏi, hoặc cấp trên cùng của sổ (ROLLBOOK_OFFICE)",
	"organisation":                 "mã tổ chức, tính cả cấp dưới; không ghi thì là toàn sổ",
	"events tail --organisation":   "chỉ sự kiện của tổ chức này và cấp dưới",
	"bundle --out":                 "tệp để ghi; không ghi thì là MÃ.bundle trong thư mục hiện tại",
	"attest --out":                 "tệp để ghi; không ghi thì là BÁO_CÁO.attested trong thư mục hiện tại",
	"output":                       "tệp để ghi báo cáo; không ghi thì ra đầu ra chuẩn",
	"place":                        "trên giấy: nơi lập (ROLLBOOK_PLACE)",
	"png":                          "ghi mã thành ảnh vào tệp",
	"policy":                       "tệp chính sách: khoá của nhật ký, và bên làm chứng nào phải ký các mốc; không ghi thì không có (ROLLBOOK_POLICY)",
	"postings":                     "đếm thêm bút toán của chừng ấy đảng viên, 0 là không",
	"reason":                       "lý do; bắt buộc khi huỷ một mục",
	"search":                       "các từ của họ tên, có thể không dấu",
	"signature":                    "trên giấy: một khối ký, các dòng cách nhau bằng |, sau || là họ tên, ví dụ 'T/M BAN THƯỜNG VỤ|BÍ THƯ||Lò Văn A'; có thể ghi nhiều lần (ROLLBOOK_SIGNATURES, cách nhau bằng dấu chấm phẩy)",
	"signer":                       "địa chỉ của tiến trình ký các mốc, ví dụ unix:///run/rollbook/sign.sock; không ghi thì chính tiến trình này ký (ROLLBOOK_SIGNER)",
	"standing":                     "với csv: thêm as_of, known_at, position và root vào mỗi dòng; tệp thì luôn có",
	"status":                       "chỉ các tình trạng này, cách nhau bằng dấu phẩy: candidate, provisional, official (không ghi thì là đảng viên)",
	"strict":                       "từ chối những gì trái quy định Điều lệ, như khi ghi từng mục",
	"superior":                     "trên giấy: tổ chức cấp trên của nơi lập báo cáo; không ghi thì là cấp trên trong sổ (ROLLBOOK_SUPERIOR)",
	"tcp":                          "qua TCP tới máy chủ riêng, không nhúng",
	"archive --to":                 "thư mục khác thay cho archive trong thư mục dữ liệu",
	"to":                           "kỳ kết thúc vào cuối ngày này",
	"explain headcount --to":       "ngày của số đảng viên thứ hai, tính cuối ngày; không ghi thì là hôm nay",
	"explain indicators --to":      "ngày cuối của báo cáo thứ hai; không ghi thì là hôm nay",
	"events export --to":           "số thứ tự cuối",
	"tree":                         "thư mục của cây băm để đối chiếu nhật ký mỗi lần khởi động, nên ở đĩa khác; không ghi thì là tree trong thư mục dữ liệu (ROLLBOOK_TREE)",
	"type":                         "chỉ sự kiện loại này, ví dụ member.admitted",
	"unsafe-sync":                  "chấp nhận nhật ký trả lời trước khi dữ liệu xuống đĩa; chỉ cho dữ liệu làm lại được. Mọi báo cáo đều nói rõ",
	"until-end":                    "dừng ở cuối nhật ký",
	"verbose":                      "ghi ra đầu ra lỗi những gì chương trình làm",
	"wait":                         "chờ --min-position bao lâu",
	"year":                         "năm",
	"language":                     "ngôn ngữ khi chào người này: vi hoặc en",
	"undo":                         "cho dùng lại",
	"account":                      "chỉ những gì tài khoản này đã làm",
	"subject":                      "chỉ những lần xem đối tượng này, ví dụ member/m1",
	"days":                         "có hiệu lực bao nhiêu ngày, tối đa 366",
	"only":                         "các việc được phép, cách nhau bằng dấu phẩy; không ghi thì là mọi việc của tài khoản",
	"over":                         "gửi gấp năm lần trong bao lâu",
	"rate":                         "số sự kiện mỗi giây",
	"bench serve --for":            "giữ nhịp đều trong bao lâu",
	"access token --for":           "dùng để làm gì",
	"doctor --backup":              "thư mục bản sao lưu cần xem thêm",
	"mapping":                      "tệp JSON cho biết các tiêu đề khác của bảng nghĩa là gì; xem 'rollbook template mapping'",
	"result":                       "bảng tính để ghi, kèm kết quả bên cạnh từng dòng",
	"exception-authority":          "ai cho phép, theo quyết định nào",
	"exception-reason":             "lý do",
	"exception-rule":               "mã quy định được phép làm khác; nhiều mã cách nhau bằng dấu phẩy",
	"rule":                         "chỉ các quy định này, cách nhau bằng dấu phẩy; xem 'rollbook policy list'",
	"tls-cert":                     "tệp chứng thư để phục vụ TLS; được đọc lại khi thay đổi (ROLLBOOK_TLS_CERT)",
	"tls-key":                      "tệp khoá của chứng thư đó (ROLLBOOK_TLS_KEY)",
	"server":                       "dịch vụ thực hiện lệnh, ví dụ https://rollbook.example; không ghi thì dùng sổ ở thư mục dữ liệu (ROLLBOOK_SERVER)",
	"token-file":                   "cùng --server: tệp có mã truy cập dịch vụ đó, người khác không được đọc (ROLLBOOK_TOKEN_FILE)",
	"server-ca":                    "cùng --server: tệp chứng thư để kiểm tra dịch vụ; không ghi thì dùng những gì máy này tin (ROLLBOOK_SERVER_CA)",
	"oidc":                         "ai đăng nhập vào tài khoản này tại nơi cấp danh tính: mã danh tính mà trang đăng nhập hiện cho họ",
	"oidc-issuer":                  "địa chỉ nơi cấp danh tính (OpenID) mà mọi người có thể đăng nhập, ví dụ https://login.example/realm (ROLLBOOK_OIDC_ISSUER)",
	"oidc-client-id":               "nơi đó biết dịch vụ này với mã nào (ROLLBOOK_OIDC_CLIENT_ID)",
	"oidc-ca":                      "tệp chứng thư của nơi bảo đảm cho nơi cấp danh tính; không ghi thì theo những nơi máy này tin (ROLLBOOK_OIDC_CA)",
	"oidc-client-secret":           "tệp chứa bí mật của mã đó, người khác không được đọc; không ghi thì không dùng bí mật (ROLLBOOK_OIDC_CLIENT_SECRET)",
	"url":                          "địa chỉ người dùng vào nếu có máy uỷ nhiệm nói TLS ở trước, ví dụ https://rollbook.example (ROLLBOOK_URL)",
	"template --out":               "tệp để ghi; không ghi thì là LOẠI.xlsx",
	"template write --out":         "tệp để ghi; không ghi thì là LOẠI.xlsx",
	"import --effective-on":        "ngày có hiệu lực của danh sách không tự ghi ngày, dạng 31/12/2022 hoặc 2022-12-31",
	"import --kind":                "loại bảng, khi tiêu đề chưa cho biết; xem 'rollbook template'",
	"explain findings --from":      "ngày cuối của báo cáo thứ nhất; không ghi thì là của báo cáo thứ hai",
	"explain findings --to":        "ngày cuối của báo cáo thứ hai; không ghi thì là hôm nay",
	"report findings --from":       "ngày đầu của các mục được xét; không ghi thì là mọi mục",
	"report findings --to":         "ngày cuối; như --as-of",
	"access readings --limit":      "tối đa bao nhiêu dòng",
	"access grant --organisation":  "mã tổ chức, tính cả cấp dưới; không ghi thì là toàn sổ",
	"access revoke --organisation": "mã tổ chức, tính cả cấp dưới; không ghi thì là toàn sổ",
	"demo --listen":                "địa chỉ trên máy này để phục vụ trang web",
}
