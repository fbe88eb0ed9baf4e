# The gem for one platform, with the bindings that are generated and the native library: see the Makefile.

Gem::Specification.new do |gem|
  gem.name = 'xkslink'
  gem.version = File.read("#{__dir__}/../../Cargo.toml")[/^version = "(.+)"/, 1]
  gem.platform = Gem::Platform.local
  gem.summary = 'Makes true in AWS, and keeps true, the VPC endpoint service connectivity of an AWS KMS external key store'
  gem.authors = ['The authors of xkslink']
  gem.homepage = 'https://github.com/xkslink/xkslink'
  gem.licenses = ['MIT', 'Apache-2.0']
  gem.required_ruby_version = '>= 3.1'
  gem.files = Dir.chdir(__dir__) { Dir['lib/**/*.rb', 'generated/*', 'README.md'] }
  gem.add_dependency 'ffi', '~> 1.15'
end
