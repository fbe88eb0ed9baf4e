module github.com/xkslink/xkslink/bindings/go

go 1.24
