# The driver of the conformance suite: see bindings/conformance/README.md.

require 'json'
require 'logger'
require 'stringio'
require 'timeout'
require_relative '../lib/xkslink'

include Xkslink

KEY_ID = 'ABCDEFGHIJKLMNOPQRSTUVWX'.freeze
SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=='.freeze

def format(word) = Format.const_get(word['format'].upcase)

def spec(word) = Xkslink.read_spec(JSON.generate(word['spec']), Format::JSON)

def target(word)
  return Target::OF_SPEC.new(spec: spec(word)) unless word['name']

  Target::NAMED.new(name: word['name'], region: word['region'])
end

def consent(word) = (word['consent'] || []).map { |each| Consent.const_get(each.upcase) }

# Publishes outside of Route 53, and counts.
class Publisher
  def initialize(driver, throws)
    @driver = driver
    @throws = throws
  end

  def publish(record)
    @driver.called['publish'] += 1
    @driver.fails(@throws) if @throws

    served = { name: record.name, value: record.value }
    @driver.serve(@driver.elsewhere | [served])
  end

  def withdraw(record) = @driver.serve(@driver.elsewhere.reject { |each| each[:value] == record.value })
end

# Gives the credential of the base specs, and counts.
ProxySource = Struct.new(:driver) do
  def credential
    driver.called['credential'] += 1
    ProxyCredential.new(access_key_id: KEY_ID, raw_secret_access_key: Secret.new(SECRET))
  end
end

# Gives AWS credentials, and counts.
AwsSource = Struct.new(:driver) do
  def credentials
    driver.called['aws_credentials'] += 1
    AwsCredentials.new(access_key_id: 'AKIA111122223333', secret_access_key: Secret.new('simulated'))
  end
end

# Keeps what it is told.
Listener = Struct.new(:driver, :told, :throws) do
  def on_event(event)
    driver.fails(throws) if throws

    told << event
  end
end

# Does what it is told.
class Driver
  attr_reader :called

  def fails(why) = raise(@raised = ArgumentError.new(why))

  def serve(records) = @aws.deed(JSON.generate(set: 'elsewhere', to: records))

  def elsewhere = JSON.parse(@aws.world)['route53']['elsewhere'].map { |name, value| { name: name, value: value } }

  def new_client(word)
    credentials = word['credentials'] ? Account.new(credentials: AwsSource.new(self)) : nil
    log = Logger.new(StringIO.new, formatter: lambda do |severity, _time, target, message|
      @logged << { level: severity.downcase, target: target, message: message }
      fails(word['throws']) if word['throws']
    end)
    @client = Xkslink.connect(
      network: credentials, kms: word['kms_account'] && Account.new(account: word['kms_account']),
      publisher: Publisher.new(self, word['throws']), credential: ProxySource.new(self), simulated: @aws,
      logger: word['log'] && log
    )
    nil
  end

  def go(word, answer)
    events = []
    listener = word['listener'] ? Listener.new(self, events, word['throws']) : nil
    run = if word['do'] == 'teardown'
            @client.teardown(target(word), consent(word), listener)
          else
            @client.apply(word['plan'] ? Plan.from_json(word['plan']) : @plan, consent(word), listener)
          end
    unless listener
      run.each do |event|
        events << event
        run.cancel if events.size == word['cancel_after']
      end
    end
    @report = run.result
    @report.to_json
  ensure
    answer['events'] = events.map { |event| JSON.parse(event.json) }
  end

  def does(word, answer)
    case word['do']
    when 'version' then Xkslink.version
    when 'world'
      @called = Hash.new(0).merge('publish' => 0, 'credential' => 0, 'aws_credentials' => 0)
      @logged = []
      @aws = Xkslink.simulate(hosted_zones: word['hosted_zones'], speed: word['speed'])
      nil
    when 'client' then new_client(word)
    when 'deed' then JSON.parse(@aws.deed(JSON.generate(word['deed'])))
    when 'script' then @aws.during_run(JSON.generate(word['script']))
    when 'requests' then JSON.parse(@aws.requests)
    when 'census' then @aws.census
    when 'called' then @called
    when 'logged' then @logged
    when 'sleep' then sleep(word['seconds']) && nil
    when 'plan' then (@plan = @client.plan(spec(word))).to_json
    when 'plan_teardown' then @client.plan_teardown(target(word)).to_json
    when 'apply', 'teardown' then go(word, answer)
    when 'status' then @client.status(spec(word)).to_json
    when 'verify' then @client.verify(target(word)).to_json
    when 'read_spec' then Xkslink.read_spec(word['text'], format(word)).name
    when 'write_spec' then Xkslink.write_spec(spec(word), format(word))
    when 'diagnose_text' then Xkslink.diagnose_text(word['text']).to_json
    when 'judged'
      facts = @client.facts(target(word))
      { verification: facts.verify.to_json, diagnosis: facts.diagnose(word['text']).to_json }
    when 'policies' then { plan: @plan.policies, verify: Xkslink.policies_for_reading(spec(word), ReadingVerb::VERIFY) }
    when 'probe_name'
      request = ProbeRequest.new(addresses: [word['address']])
      Xkslink.probe_name(word['name'], word['region'], nil, request).to_json
    when 'typed'
      content = @report.content
      { store: @plan.content.store, usually_takes_seconds: @plan.usually_takes_seconds, steps: content.steps.size,
        connection_state: content.ids.connection_state }
    when 'texts'
      { mermaid: @plan.to_mermaid, svg: @report.to_svg, html: @client.verify(target(word)).to_html, text: @plan.text,
        markdown: @report.to_markdown }
    when 'closed'
      @client.close
      @client.plan(spec(word))
    when 'null' then @client.plan(nil)
    when 'end' then @aws.end
    else raise ArgumentError, "`#{word['do']}` is not known"
    end
  end

  # The word of a kind of error, such as `access_denied`.
  def kind(error) = ErrorKind.constants.find { |name| ErrorKind.const_get(name) == error.kind }.to_s.downcase

  def error(raised, answer)
    answer['error'] = { message: raised.to_s }
    return unless raised.is_a? XksError::Failed

    answer['error'] = {
      kind: kind(raised), message: raised.reason, help: raised.help, resource: raised.resource, aws_code: raised.aws_code,
      request_id: raised.request_id, retryable: raised.retryable, cause_is_own: !@raised.nil? && raised.cause.equal?(@raised),
      problems: raised.problems.map { |each| { field: each.field } }
    }
    answer['report'] = raised.report.to_json if raised.report
  end
end

driver = Driver.new
$stdout.sync = true
while (line = gets)
  answer = {}
  begin
    answer['ok'] = driver.does(JSON.parse(line), answer)
  rescue StandardError => e
    driver.error(e, answer)
  end
  puts JSON.generate(answer)
end
