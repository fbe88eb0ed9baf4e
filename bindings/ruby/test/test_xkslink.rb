# What a Ruby author does, in their own words; the conformance suite holds the rest against Rust.

require 'fileutils'
require 'json'
require 'minitest/autorun'
require 'open3'
require 'rbconfig'
require 'timeout'
require 'tmpdir'
require_relative '../lib/xkslink'

class TestXkslink < Minitest::Test
  include Xkslink

  SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=='.freeze

  def connectivity(**changes)
    Connectivity.new(
      name: 'payments-hsm', region: 'eu-central-1', network: Network::CREATE.new(cidr: '10.60.0.0/24'),
      data_center: ['10.0.0.0/16'], link: Link::VPN_GATEWAY.new, proxy: Proxy.new(addresses: %w[10.0.8.10 10.0.8.11]),
      private_dns_name: 'xks.payments.example.com', domain: Domain::ROUTE53.new,
      key_store: KeyStore.new(
        path: '/payments/kms/xks/v1',
        credential: Credential::VALUE.new(access_key_id: 'ABCDEFGHIJKLMNOPQRSTUVWX', raw_secret_access_key: Secret.new(SECRET))
      ), **changes
    )
  end

  def client(**world)
    @aws = Xkslink.simulate(hosted_zones: ['example.com'], **world)
    Xkslink.connect(simulated: @aws)
  end

  # How many calls AWS has got; some may still be without their answer.
  def calls
    JSON.parse(@aws.requests).size
  end

  def test_plan_apply_verify_teardown
    client = self.client
    run = client.apply(client.plan(connectivity))
    assert_operator run.map(&:line).size, :>, 20
    assert_equal 'CONNECTED', run.result.content.ids.connection_state
    failed = client.verify(Target::OF_SPEC.new(spec: connectivity)).content.checks.select { |check| check.verdict.fail? }
    assert(failed.all? { |check| check.severity == Severity::RISK })
    client.teardown(Target::NAMED.new(name: 'payments-hsm', region: 'eu-central-1'), [Consent::DISCONNECT]).result
    assert_equal 0, @aws.census['vpcs']
  end

  def test_a_timeout_stops_the_run
    client = self.client(speed: 20.0)
    run = client.apply(client.plan(connectivity))
    assert_raises(Timeout::Error) { Timeout.timeout(0.5) { run.result } }
    asked = calls
    sleep 0.5
    assert_equal asked, calls
    assert_equal ErrorKind::CANCELLED, assert_raises(XksError::Failed) { run.result }.kind
  end

  def test_every_problem_of_a_spec_is_told
    error = assert_raises(XksError::Failed) { client.plan(connectivity(name: '', data_center: ['10.60.0.0/16'])) }
    assert_equal ErrorKind::INVALID_SPEC, error.kind
    assert_operator error.problems.size, :>=, 2
  end

  # Refuses to publish.
  Refusing = Struct.new(:error) do
    def publish(_record) = raise(error)

    def withdraw(_record) = nil
  end

  def test_what_a_callback_raises_is_the_cause
    [IOError.new('no route'), NotImplementedError.new('no route')].each do |raised|
      client = Xkslink.connect(publisher: Refusing.new(raised), simulated: Xkslink.simulate)
      run = client.apply(client.plan(connectivity(domain: Domain::CALLBACK.new)))
      error = assert_raises(XksError::Failed) { run.result }
      assert_equal ErrorKind::CALLBACK, error.kind
      assert_same raised, error.cause
      assert_includes error.message, 'no route'
      assert_includes error.message, error.help
    end
  end

  def test_what_is_no_spec_is_told_by_name
    assert_equal 'spec: expected a Connectivity, got NilClass', assert_raises(TypeError) { client.plan(nil) }.message
    assert_raises(TypeError) { client.apply(nil) }
  end

  Answering = Struct.new(:credential)

  def test_a_callback_that_answers_with_something_else_is_told
    store = KeyStore.new(path: '/payments/kms/xks/v1', credential: Credential::CALLBACK.new)
    [nil, SECRET].each do |answer|
      client = Xkslink.connect(credential: Answering.new(answer), simulated: Xkslink.simulate(hosted_zones: ['example.com']))
      run = client.apply(client.plan(connectivity(key_store: store)))
      error = assert_raises(XksError::Failed) { run.result }
      assert_equal "expected Xkslink::ProxyCredential, got #{answer.class}", error.cause.message
      refute_includes error.full_message, SECRET
    end
  end

  def test_what_does_not_fit_is_told_by_its_type
    client = self.client
    plan = client.plan(connectivity)
    {
      /expected .*Target::OF_SPEC or .*Target::NAMED, got Xkslink::Connectivity/ => -> { client.verify(connectivity) },
      /expected .*Consent::REPLACE or .*, got Symbol/ => -> { client.apply(plan, [:replace]) },
      /expected Array, got Integer/ => -> { client.apply(plan, Consent::REPLACE) },
      /expected .*Format::TOML or .*, got String/ => -> { Xkslink.read_spec('{}', 'json') },
      /expected .*Account, got String/ => -> { Xkslink.connect(network: 'profile') },
      /Connectivity: name is nil/ => -> { client.plan(connectivity(name: nil)) },
      /expected .*Network::CREATE.*, got String/ => -> { client.plan(connectivity(network: 'create')) },
      /expected String, got NilClass/ => -> { Plan.from_json(nil) }
    }.each { |told, call| assert_match told, assert_raises(TypeError, &call).message }
  end

  def test_a_secret_of_the_wrong_type_is_not_shown
    credential = Credential::VALUE.new(access_key_id: 'ABCDEFGHIJKLMNOPQRSTUVWX', raw_secret_access_key: SECRET)
    store = KeyStore.new(path: '/payments/kms/xks/v1', credential: credential)
    error = assert_raises(TypeError) { client.plan(connectivity(key_store: store)) }
    assert_match(/Secret .*got String/, error.message)
    refute_includes error.full_message, SECRET
  end

  def test_nothing_is_closed_twice
    client = self.client
    2.times { client.close }
    assert_predicate client, :closed?
    assert_match(/make a new one/, assert_raises(IOError) { client.verify(Target::OF_SPEC.new(spec: connectivity)) }.message)
  end

  def test_a_platform_without_a_native_library_is_told_what_to_do
    Dir.mktmpdir do |folder|
      %w[lib generated].each do |part|
        FileUtils.mkdir_p("#{folder}/#{part}")
        FileUtils.cp("#{__dir__}/../#{part}/xkslink.rb", "#{folder}/#{part}")
      end
      told, status = Open3.capture2e(RbConfig.ruby, '-I', "#{folder}/lib", '-e', 'require "xkslink"')
      refute status.success?
      assert_includes told, 'xkslink has no native library for '
      assert_includes told, 'make bindings'
    end
  end

  def test_threads_of_the_library_get_no_sigpipe
    client.plan(connectivity)
    threads = Dir['/proc/self/task/*/status'].map { |file| File.read(file) }.grep(/^Name:\txkslink/)
    skip 'there is no /proc here' unless File.exist?('/proc/self/task')
    refute_empty threads
    threads.each { |status| refute_equal 0, status[/^SigBlk:\t(\h+)/, 1].hex & (1 << (Signal.list['PIPE'] - 1)), status }
  end

  def test_no_text_shows_a_secret
    refute_includes connectivity.inspect, SECRET
    refute_includes Xkslink.write_spec(connectivity, Format::YAML), SECRET
  end
end
